#!/usr/bin/env node
// The command `rcr`: the same as `npm run rcr --`, for an installed package.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const child = spawn(join(root, 'node_modules', '.bin', 'bun'), [join(root, 'src', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)))
child.on('error', (error) => {
  console.error(`Bun could not be started (${error.message}): run npm install in ${root} first.`)
  process.exit(1)
})
