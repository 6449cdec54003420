// The contracts that follow from the operations, as text.
import type { Operation } from '../kit/operation.ts'
import { clientSource } from '../protocols/clients/client-source.ts'
import { readContract } from '../protocols/clients/contract.ts'
import { endpointTable } from '../protocols/clients/endpoint-table.ts'
import { postmanCollection } from '../protocols/clients/postman.ts'
import { schemaText } from '../protocols/graphql/graphql.ts'
import { openApi } from '../protocols/openapi.ts'
import { dependencyTable } from './dependency-table.ts'
import { version } from './surroundings.ts'

export const graphQlSchemaOf = (operations: readonly Operation[]): string => schemaText(operations)

export const openApiOf = (operations: readonly Operation[]): string => `${JSON.stringify(openApi(operations, version), null, 2)}\n`

const contractOf = (operations: readonly Operation[]) => readContract(openApi(operations, version))

export const clientSourceOf = (operations: readonly Operation[]): string => clientSource(contractOf(operations))

export const postmanOf = (operations: readonly Operation[]): string =>
  `${JSON.stringify(postmanCollection(contractOf(operations)), null, 2)}\n`

export const endpointTableOf = (operations: readonly Operation[]): string => endpointTable(contractOf(operations))

/** A page whose table of dependencies, between its two marks, is as `src/resilience.ts` says. */
export function withDependencyTable(page: string): string {
  const [before, rest = ''] = page.split('<!-- the table: npm run rcr -- contracts -->\n')
  const after = rest.split('<!-- its end -->\n').at(1)
  if (before === undefined || after === undefined) throw new Error('docs/resilience.md has lost the marks around its table')
  return `${before}<!-- the table: npm run rcr -- contracts -->\n${dependencyTable()}<!-- its end -->\n${after}`
}
