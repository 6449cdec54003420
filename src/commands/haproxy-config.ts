// HAProxy before one region: its configuration, from who listens where and from the addresses that readers may ask.
import { z } from 'zod'
import type { Operation } from '../kit/operation.ts'

const address = z.string().regex(/^\S+:\d+$/, 'must be like 10.0.0.1:8080')
const Server = z.strictObject({
  address,
  /** Where its /readyz is. */
  check: address,
})

/** What the gateway of a region sees. */
export const Gateway = z.strictObject({
  region: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** Plain HTTP/1.1, HTTP/2 and gRPC on each of these. */
  listen: z.array(address),
  /** The same with TLS, and the file or folder of certificates (PEM), from the folder of the configuration. */
  secure: z.strictObject({ listen: z.array(address).min(1), certificates: z.string() }).nullable(),
  /** /metrics, /healthz, /readyz. Not for the world. */
  operators: address,
  /** All regions, nearest first: the own one, and who answers in its place. */
  readers: z.array(z.strictObject({ region: z.string(), servers: z.array(Server).min(1) })).min(1),
  /** Who answers all else, and the same over gRPC. */
  home: z.array(z.strictObject({ ...Server.shape, grpc: address })).min(1),
  /** Requests of one address (IPv6: of one /64) in ten seconds. */
  limits: z.strictObject({ reading: z.int().positive(), other: z.int().positive() }),
})
export type Gateway = z.infer<typeof Gateway>

/** `reading`: the operations that the processes of a region answer. */
export function haproxyConfig(gateway: Gateway, reading: readonly Operation[]): string {
  const parts = [global(gateway), defaults(), front(gateway, reading), operators(gateway), ...readers(gateway), home(gateway), tables]
  return `${parts.map((part) => part.trim()).join('\n\n')}\n`
}

// A service answers within 10 s or refuses, and closes a connection that nobody uses after 30 s: the gateway waits longer than the one
// (15 s; for what readers ask only 5 s: see `patience`), and lets go earlier (5 s, its own standard) than the other.
const global = ({ region, secure }: Gateway) => `
# The gateway of region ${region}, made by \`rcr haproxy\`: change what it was made from.
global
  log stdout len 8192 format raw local0
  hard-stop-after 60s
${secure === null ? '' : '  default-path config\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n'}`

const defaults = () => `
defaults
  mode http
  log global
  option dontlognull
  # While one configuration gives way to the next, a connection ends after an answer that says so, never between two.
  option idle-close-on-response
  timeout connect 3s
  timeout check 2s
  timeout client 35s
  timeout http-request 10s
  timeout http-keep-alive 30s
  timeout queue 1s
  timeout server 15s
  # A process that refuses a connection is gone: no other request goes there until its check says that it is back.
  # One that stands still is found out by two checks in a row. Who is merely busy answers them: he must not lose all that wait for him.
  default-server inter 500ms fastinter 200ms fall 2 rise 1 observe layer4 error-limit 1 on-error mark-down
  http-error status 502 ${problem(502, 'unavailable', 'What was answered cannot be read.')}
  http-error status 503 ${problem(503, 'unavailable', 'Nobody answers now.')}
  http-error status 504 ${problem(504, 'late', 'Nobody has answered in time.')}`

function front({ region, listen, secure, readers: all, limits }: Gateway, reading: readonly Operation[]): string {
  const paths = [...new Set(reading.map(({ rest }) => rest.path.replaceAll(/\{[^}]*\}/g, '[^/]+')))]
  const too = (what: string) => `http-request return status 429 ${problem(429, 'too-many', what)}`
  return `
frontend ${region}
${listen.map((at) => `  bind ${at}`).join('\n')}
${(secure?.listen ?? []).map((at) => `  bind ${at} ssl crt ${secure?.certificates} alpn h2,http/1.1`).join('\n')}
${logged}
  # What readers ask, and documents of GraphQL that are asked for by their id: GET or HEAD.
${paths.map((path) => `  acl content path -m reg ^(/api/v1)?${path}$`).join('\n')}
  acl reading method GET HEAD
  acl document path -m reg ^(/api/v1)?/graphql$
  acl by_id url_param(documentId) -m found
  acl grpc req.hdr(content-type) -m beg application/grpc
  http-request set-var(txn.reads) bool(true) if reading content !grpc or reading document by_id
  http-request set-header X-Forwarded-For %[src]
  http-request track-sc0 src,ipmask(32,64) table reading-of-address if { var(txn.reads) -m bool }
  http-request track-sc1 src,ipmask(32,64) table other-of-address if !{ var(txn.reads) -m bool }
  ${too('Fewer questions, please.')} if { sc0_http_req_rate gt ${limits.reading} }
  ${too('Fewer requests, please.')} if { sc1_http_req_rate gt ${limits.other} }
${all.map((_, at) => `  use_backend readers-${all[at]?.region} if { var(txn.reads) -m bool } ${answering(all, at)}`).join('\n')}
  use_backend readers-${all[0]?.region} if { var(txn.reads) -m bool }
  use_backend home-grpc if grpc
  use_backend home if METH_GET or METH_OPTIONS
  default_backend home-commands`
}

/** A region with a single process that is down is passed over: its backend would not share out what comes among all of the next. */
function answering(all: Gateway['readers'], at: number): string {
  const region = all[at]?.region
  return `{ nbsrv(readers-${region}) gt 0 }${isSingle(all, at) ? ` { srv_is_up(readers-${region}/${region}-1) }` : ''}`
}

const logged = `  # One line a request; what failed before it was one has no method.
  log-format '{"region":"%f","status":%ST,"ms":%Ta,"method":"%HM","path":"%[capture.req.uri,field(1,?),json(utf8s)]","client":"%ci","to":"%b/%s","retries":"%rc","ended":"%ts"}'`

// Ready: somebody answers readers, of whichever region. That the own one is lost is said by `haproxy_server_status` in its metrics.
const operators = ({ operators: at, readers: all }: Gateway) => `
frontend operators
  bind ${at}
  no log
  monitor-uri /healthz
  http-request use-service prometheus-exporter if { path /metrics }
${all.map(({ region }) => `  http-request return status 200 if { path /readyz } { nbsrv(readers-${region}) gt 0 }`).join('\n')}
  http-request return status 503 if { path /readyz }
  http-request return status 404`

/**
 * A backend for each region. The next region's processes stand behind its own as backups, which are asked when HAProxy holds all of the
 * own for down. It does not yet of a process that was killed in the middle of answers: their retry goes to another own one, and where
 * there is a single one, to the next region (`first`: in this order, a retry never where the try before was).
 */
function readers({ readers: all }: Gateway): string[] {
  return all.map(({ region, servers }, at) => {
    const next = all[at + 1]
    const single = isSingle(all, at)
    const own = servers.map((server, n) => `  server ${region}-${n + 1} ${server.address} ${checked(server.check)}`)
    const others = (next?.servers ?? []).map((server, n) => {
      const name = `${next?.region}-${n + 1}`
      return `  server ${name} ${server.address}${single ? '' : ' backup'} track readers-${next?.region}/${name} observe none`
    })
    const head = `  balance ${single ? 'first' : 'leastconn'}\n${check}\n${single ? '' : '  option allbackups\n'}${patience}`
    return `backend readers-${region}\n${head}\n${[...own, ...others].join('\n')}`
  })
}

/** Whether a region has one process, and another region behind it. */
const isSingle = (all: Gateway['readers'], at: number) => all[at]?.servers.length === 1 && at + 1 < all.length

// Who leaves answers 404: nobody else is sent there, and who is there already is answered to the end. Whoever tracks has to say so too.
const parting = `  option httpchk
  http-check disable-on-404`

// In each backend: what `defaults` says to send is forgotten by the option (HAProxy 2.6).
const check = `${parting}
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host gateway`

// Whoever refuses, or ends without a word, has answered nothing; any answer stands, a 503 too, since services try elsewhere themselves.
const onceAgain = `  retries 1
  option redispatch 1
  retry-on conn-failure empty-response`

// Longer than the checks need to find out who stands still (4.7 s at the most), so that the one retry finds somebody else. The price: who
// answers checks, yet takes longer than this for an answer, is given up on though he might have answered within his 10 s; and when the
// other one takes as long, the reader is refused (504) after 10 s. Sessions are not shut down when a process is found to be gone: the one
// would be cut whose refused connection tells of it (HAProxy 2.6).
const patience = `${onceAgain} response-timeout
  timeout server 5s`

const home = ({ home: servers }: Gateway) => `
backend home
  balance leastconn
${check}
${onceAgain}
${servers.map((server, n) => `  server home-${n + 1} ${server.address} ${checked(server.check)}`).join('\n')}

# Never twice: whether a command was heard is known to its Idempotency-Key alone, which its sender has.
backend home-commands
  balance leastconn
${parting}
  retries 0
${servers.map(({ address: at }, n) => `  server home-${n + 1} ${at} track home/home-${n + 1} observe none`).join('\n')}

backend home-grpc
  balance leastconn
${parting}
  retries 0
  timeout server 1h
${servers.map(({ grpc }, n) => `  server home-${n + 1} ${grpc} proto h2 track home/home-${n + 1} observe none`).join('\n')}`

const tables = `
backend reading-of-address
  stick-table type ipv6 size 200k expire 30s store http_req_rate(10s)

backend other-of-address
  stick-table type ipv6 size 200k expire 30s store http_req_rate(10s)`

function checked(check: string): string {
  const colon = check.lastIndexOf(':')
  return `check addr ${check.slice(0, colon)} port ${check.slice(colon + 1)}`
}

const titles: Readonly<Record<string, string>> = {
  'too-many': 'Too many requests',
  unavailable: 'Not available at present',
  late: 'Took too long',
}

/** As the services answer it. */
function problem(status: number, code: string, detail: string): string {
  const body = JSON.stringify({ type: `/docs/problems#${code}`, title: titles[code], status, detail, code })
  const headers = [`Retry-After ${status === 429 ? 10 : 1}`, 'Cache-Control no-store', 'Access-Control-Allow-Origin *']
  return `content-type application/problem+json ${headers.map((header) => `hdr ${header}`).join(' ')} string '${body}'`
}
