// The contracts that follow from the operations, as text.
import type { Operation } from '../kit/operation.ts'
import { clientSource } from '../protocols/clients/client-source.ts'
import { readContract } from '../protocols/clients/contract.ts'
import { endpointTable } from '../protocols/clients/endpoint-table.ts'
import { postmanCollection } from '../protocols/clients/postman.ts'
import { schemaText } from '../protocols/graphql/graphql.ts'
import { openApi } from '../protocols/openapi.ts'
import { version } from './surroundings.ts'

export const graphQlSchemaOf = (operations: readonly Operation[]): string => schemaText(operations)

export const openApiOf = (operations: readonly Operation[]): string => `${JSON.stringify(openApi(operations, version), null, 2)}\n`

const contractOf = (operations: readonly Operation[]) => readContract(openApi(operations, version))

export const clientSourceOf = (operations: readonly Operation[]): string => clientSource(contractOf(operations))

export const postmanOf = (operations: readonly Operation[]): string =>
  `${JSON.stringify(postmanCollection(contractOf(operations)), null, 2)}\n`

export const endpointTableOf = (operations: readonly Operation[]): string => endpointTable(contractOf(operations))
