// What may be asked of the sign-in service.
import type { Operation } from '../../kit/operation.ts'
import { accountOperations } from './account-operations.ts'
import type { Desk } from './desk.ts'
import { ownOperations } from './own-operations.ts'
import { sessionOperations } from './session-operations.ts'

export const authOperations = (desk: Desk): Operation[] => [...sessionOperations(desk), ...accountOperations(desk), ...ownOperations(desk)]
