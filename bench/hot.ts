// The list that everybody asks for, answered from memory: beside nginx with the same bytes from a file, and beside bare Bun.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Lab } from './kit/lab.ts'
import { spending, taking, wrk } from './kit/measure.ts'
import { cpuUs, demandProgram, freePort, type Started, start } from './kit/process.ts'
import { against } from './kit/table.ts'

const path = '/api/v1/content'
const connections = 32

export const hot: Benchmark = {
  title: 'hot list of 20',
  needs: ['wrk', 'nginx'],
  async run(lab) {
    await using stack = new AsyncDisposableStack()
    const up = async <S extends Started>(starting: Promise<S>): Promise<S> => stack.adopt(await starting, (one) => one.stop())
    const system = await up(lab.system(await lab.seeded()))
    // As wrk asks: uncoded.
    const response = await fetch(`${system.url}${path}`, { headers: { 'accept-encoding': 'identity' } })
    const body = Buffer.from(await response.arrayBuffer())
    const file = join(lab.folder, 'content.json')
    writeFileSync(file, body)
    const nginx = await up(startNginx(lab, file, sameAs(response.headers)))
    const bare = await up(startBare(file, sameAs(response.headers)))
    const round = (url: string, pid: number, whose?: 'family') =>
      spending({ '': () => cpuUs(pid, whose) }, () => wrk({ url, connections, seconds: lab.seconds }))
    const found = await taking(lab.turns, {
      ours: () => round(`${system.url}${path}`, system.pid),
      nginx: () => round(`${nginx.url}${path}`, nginx.pid, 'family'),
      bare: () => round(bare.said[1] ?? '', bare.pid),
    })
    const figure = `hot list of 20, ${(body.length / 1000).toFixed(1)} kB`
    return [
      against(figure, found.ours, found.nginx, 'nginx, a file, same headers', 0.9),
      against(figure, found.ours, found.bare, 'bare Bun.serve, same headers', 0.8),
    ]
  },
}

/** What our answer says besides what every server adds by itself. */
function sameAs(headers: Headers): Record<string, string> {
  const own = ['date', 'content-length', 'connection', 'transfer-encoding', 'keep-alive']
  return Object.fromEntries([...headers].filter(([name]) => !own.includes(name)))
}

async function startNginx(lab: Lab, file: string, headers: Record<string, string>): Promise<Started & { url: string }> {
  const { 'content-type': _type, ...rest } = headers // a default of its own, below
  const same = Object.entries(rest).map(([name, value]) => `add_header ${name} ${quoted(value)};`)
  const port = freePort()
  const config = join(lab.folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${join(lab.folder, what)};`)
  writeFileSync(
    config,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; worker_processes 1; pid ${join(lab.folder, 'nginx.pid')}; error_log stderr notice;
events { worker_connections 1024; }
http {
  ${temporary.join(' ')}
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=10; keepalive_requests 1000000000;
  etag off; if_modified_since off; default_type application/json;
  server { listen 127.0.0.1:${port}; location = ${path} { alias ${file}; add_header last-modified ""; ${same.join(' ')} } }
}
`,
  )
  const words = [demandProgram('nginx'), '-p', lab.folder, '-e', 'stderr', '-c', config]
  return { ...(await start({ core: 'server', words, ready: /start worker process \d+/ })), url: `http://127.0.0.1:${port}` }
}

const startBare = (file: string, headers: Record<string, string>): Promise<Started> =>
  start({
    core: 'server',
    words: [process.execPath, fileURLToPath(new URL('./clients/bare-http.ts', import.meta.url)), file, JSON.stringify(headers)],
    ready: /listening on (\S+)/,
  })

const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '\\$')}"`
