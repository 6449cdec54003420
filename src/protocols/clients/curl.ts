// A curl line for an endpoint, for POSIX shells: `$ORIGIN` is the server, `$TOKEN` an access token, `$ID` what is not known beforehand.
import type { Endpoint, Parameter } from './contract.ts'

export function curlOf(endpoint: Endpoint): string {
  const { method, needsToken, isConditional, idempotencyKey, body, name } = endpoint
  const isPlain = method === 'GET' || (method === 'POST' && body !== null)
  const parts = [
    `curl ${isPlain ? '' : `-X ${method} `}"${addressOf(endpoint)}"`,
    ...(needsToken ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...(isConditional ? [`-H 'If-Match: "1"'`] : []),
    ...(idempotencyKey === 'required' ? [`-H 'Idempotency-Key: ${name}-1'`] : []),
    ...(body === null ? [] : [`-H 'Content-Type: ${body.mediaType}'`, `-d ${quoted(JSON.stringify(body.example, null, 2))}`]),
  ]
  return parts.join(' \\\n  ')
}

/** A parameter's name as a variable of the shell: `sessionId` is `$SESSION_ID`. */
export const variableOf = ({ name }: Pick<Parameter, 'name'>): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

function addressOf({ path, pathParameters, queryParameters }: Endpoint): string {
  const filled = pathParameters.reduce(
    (text, parameter) =>
      text.replace(`{${parameter.name}}`, parameter.example === undefined ? `$${variableOf(parameter)}` : encoded(parameter.example)),
    path,
  )
  const query = queryParameters.filter(({ example }) => example !== undefined).map(({ name, example }) => `${name}=${encoded(example)}`)
  return `$ORIGIN${filled}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

// An exclamation mark between double quotes means a former line to interactive shells.
const encoded = (value: unknown) => encodeURIComponent(String(value)).replaceAll('!', '%21')

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
