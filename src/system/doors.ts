// The services on the wire: who is let in, what is read on which wire, in which order.
import { fileURLToPath } from 'node:url'
import { clientAddresses, fromClient } from '../kit/client-address.ts'
import { sealer } from '../kit/seal.ts'
import { wellAddressed } from '../protocols/addressed.ts'
import { docs } from '../protocols/docs.ts'
import { graphQl } from '../protocols/graphql/graphql.ts'
import { readDocuments } from '../protocols/graphql/library.ts'
import { persistedQuery } from '../protocols/graphql/parameters.ts'
import type { GrpcListening } from '../protocols/grpc/serve.ts'
import { noLimits, openLimits } from '../protocols/limits.ts'
import { ops, type Readiness } from '../protocols/ops.ts'
import { presentDefect } from '../protocols/present.ts'
import { prefix, rest } from '../protocols/rest.ts'
import { type AtOnce, atOnceFor, openShedding } from '../protocols/shedding.ts'
import type { Settings } from '../settings.ts'
import { openApiOf } from './contracts.ts'
import { connectionsOf } from './engines.ts'
import type { ServiceSettings, Services } from './services.ts'
import type { Surroundings } from './surroundings.ts'

// Twice as many questions as there are connections keep these busy while others are read and presented, and nobody waits in the
// driver for more than one statement. Commands share the master's syncs, which take all that come together; 96 bodies are 24 MiB.
const standardAtOnce = atOnceFor(16, 96)

export const atOnceOf = (settings: Settings): AtOnce =>
  atOnceFor(settings.RCR_QUERIES_AT_ONCE ?? 2 * connectionsOf(settings), settings.RCR_COMMANDS_AT_ONCE)

const documentsFolder = fileURLToPath(new URL('../../contracts/documents', import.meta.url))

/** The services on the wire: the public handler, the operators', and what looks after the load until a signal. */
export function openDoors(services: Services, settings: ServiceSettings, around: Surroundings, readiness: () => Readiness) {
  const { log, metrics } = around
  const shedding = openShedding({
    atOnce: settings.atOnce ?? standardAtOnce,
    searches: ['/content/search', '/content/suggest', '/content/facets'],
    origins: settings.writeOrigins,
    newRequestId: services.newId,
    ...around,
  })
  const { limits: counts = 'off', trustedProxies = [] } = settings
  const parts = { operations: services.operations, origins: settings.writeOrigins, newRequestId: services.newId, ...around }
  const limits = counts === 'off' ? noLimits : openLimits({ counts, ...parts })
  const addressOf = clientAddresses(trustedProxies)
  const wire = {
    authenticate: services.auth.authenticate,
    secret: settings.secret,
    tokenSeal: sealer(settings.secret, 'token'),
    newRequestId: services.newId,
    deadlineMs: 10_000,
    ...around,
  }
  const api = rest({ ...wire, operations: shedding.commands(services.here), origins: settings.writeOrigins })
  // Loaded once the rest serves: its libraries take as long as the first answer.
  const grpc = async (listening: GrpcListening) => {
    const { listenGrpc } = await import('../protocols/grpc/serve.ts')
    const operations = shedding.calls(services.operations)
    const caller = (peer: string, headers: Headers) => {
      const address = addressOf(peer, headers.get('x-forwarded-for'))
      return { address, toll: limits.toll(address) }
    }
    const { memory } = services.read
    return listenGrpc({ ...wire, caller, operations, memory, streams: services.streams, isReady: () => readiness().ready }, listening)
  }
  const graph = graphQl({
    ...wire,
    operations: shedding.calls(services.operations),
    origins: settings.writeOrigins,
    explorable: settings.explorable ?? false,
    documents: readDocuments(documentsFolder),
  })

  const pages = docs(openApiOf(services.operations), services.newId)
  const rested = shedding.queries(async (request, received) => (await pages(request)) ?? api(request, received))
  const publicDoor = services.read.edge(
    limits.door(async (request, received) => (await graph(request, received)) ?? rested(request, received)),
    // Each field of a document passes a gate of its own.
    (key, requestId) => (key.startsWith(persistedQuery.rest.path) ? null : shedding.turnAway(prefix + key, requestId)),
    [persistedQuery],
  )
  const seen = () => {
    const readyz = readiness()
    return { ...readyz, detail: { ...readyz.detail, load: shedding.load() } }
  }
  const defect = (error: unknown) => {
    const requestId = services.newId()
    log.error('defect', { requestId, error })
    return presentDefect(requestId, '')
  }
  return {
    fetch: wellAddressed(fromClient(addressOf, publicDoor), services.newId),
    ops: ops(metrics, seen),
    grpc,
    defect,
    run: shedding.run,
  }
}
