// Compiles the gRPC contract to contracts/rcr.binpb, which reflection shows and the next change is measured by; refuses what would
// break clients. With --check it writes nothing, and fails when the file is not what the sources say.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const standing = join(root, 'contracts', 'rcr.binpb')
const check = process.argv.includes('--check')
const folder = mkdtempSync(join(tmpdir(), 'rcr-proto-'))
try {
  const made = join(folder, 'rcr.binpb')
  buf('lint')
  buf('format', '--diff', '--exit-code', 'contracts')
  buf('build', '--exclude-source-info', '--as-file-descriptor-set', '-o', made)
  buf('breaking', made, '--against', standing)
  const isSame = readFileSync(made).equals(readFileSync(standing))
  if (!isSame && !check) buf('build', '--exclude-source-info', '--as-file-descriptor-set', '-o', standing)
  console.log(isSame ? 'contracts/rcr.binpb is as the sources say.' : `contracts/rcr.binpb ${check ? 'differs: npm run proto' : 'written'}`)
  if (!isSame && check) process.exitCode = 1
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

function buf(...words: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules', '.bin', 'buf'), words, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`buf ${words[0]}:\n${error?.message ?? stdout + stderr}`)
}
