// GraphQL as a client asks it.
import type { TestSystem } from '../start.ts'

export interface GraphReply {
  status: number
  headers: Headers
  /** Parsed JSON, looked into freely. */
  body: ReturnType<typeof JSON.parse>
}

export interface GraphAsking {
  variables?: Record<string, unknown>
  operationName?: string
  headers?: Record<string, string>
  accept?: string
}

type Fetching = Pick<TestSystem, 'fetch'>

async function replyOf(response: Response): Promise<GraphReply> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

export async function graph({ fetch }: Fetching, query: string, asking: GraphAsking = {}): Promise<GraphReply> {
  const { headers = {}, accept = 'application/graphql-response+json', ...parameters } = asking
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query, ...parameters }),
  }
  return replyOf(await fetch(new Request('http://localhost/graphql', init)))
}

/** By GET; `parameters` as they stand in the address. */
export async function graphGet(
  { fetch }: Fetching,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<GraphReply> {
  return replyOf(await fetch(new Request(`http://localhost/graphql?${new URLSearchParams(parameters)}`, { headers })))
}

export const codesOf = ({ body }: GraphReply): string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code)
