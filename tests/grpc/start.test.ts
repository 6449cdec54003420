// gRPC of the system as an operator starts it.
import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testPostgres } from '../postgres.ts'
import { rcr, startProcess, stopProcess } from '../process.ts'
import { grpcClient } from './client.ts'

test('rcr start serves gRPC, says where, and ends in order; half a TLS setting is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-grpc-'))
  try {
    const { url } = await (await testPostgres()).database()
    const running = await startProcess(folder, { DATABASE_URL: url })
    const address = /gRPC +(\S+)/.exec(running.output())?.[1] ?? ''
    const client = grpcClient(address)
    const { code, message } = await client.call('ContentService/ListContent', { limit: 2 })
    expect(code).toBe('OK')
    expect(message.data).toHaveLength(2)
    expect(await stopProcess(running)).toBe(0)
    client.close()
    const half = rcr(folder, ['start'], { RCR_GRPC_TLS_CERT: 'cert.pem' })
    expect(await half.ended).toBe(1)
    expect(half.output()).toContain('RCR_GRPC_TLS_KEY')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
