// Tables of all endpoints in Markdown, a heading for each tag.
import { byTag, type Contract, type Endpoint, nameOf, type Schema } from './contract.ts'

const columns = ['Method', 'Endpoint', 'What', 'Who', 'Query', 'Headers', 'Body', 'Answer', 'Status', 'Refusals']

const preface = `# Endpoints

Made from the operations by \`npm run rcr -- contracts\`; edits are lost. Bodies and answers are JSON, named as in
[\`contracts/openapi.json\`](../contracts/openapi.json) and [\`contracts/client.ts\`](../contracts/client.ts). Every path below \`/api/v1\` is
served without this prefix too. **Bold** is required. Any operation may also answer 500, our fault.
`

export function endpointTable(contract: Contract): string {
  const groups = byTag(contract).map(([tag, endpoints]) => {
    const rows = [columns, columns.map(() => '---'), ...endpoints.map(rowOf)]
    return `\n## ${tag}\n\n${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}`
  })
  return preface + groups.join('')
}

function rowOf(endpoint: Endpoint): string[] {
  const { method, path, described, who, queryParameters, isConditional, idempotencyKey, body, answer, status, refusals } = endpoint
  const headers = [
    ...(isConditional ? ['**`If-Match`**'] : []),
    ...(idempotencyKey === 'none' ? [] : [marked('Idempotency-Key', idempotencyKey === 'required')]),
    ...(endpoint.isContent ? ['`Consistency-Token`', '`If-None-Match`'] : []),
  ]
  return [
    method,
    `\`${path}\``,
    described.summary.replaceAll('|', '\\|'),
    who,
    queryParameters.map(({ name, required }) => marked(name, required)).join(' '),
    headers.join(' '),
    body === null ? '' : marked(titleOf(body.schema), body.isRequired),
    answer === null ? '' : `\`${titleOf(answer)}\``,
    String(status),
    refusals.filter((code) => code !== 500).join(' '),
  ]
}

const marked = (name: string, isRequired: boolean) => (isRequired ? `**\`${name}\`**` : `\`${name}\``)

const titleOf = ({ $ref }: Schema) => ($ref === undefined ? 'JSON' : nameOf($ref))
