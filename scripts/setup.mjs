// Installs what the npm command that follows needs. Plain JavaScript for Node ≥ 20, no dependency: it runs before there are any.
//   (none)    the npm packages, by the lockfile, when its stamp differs
//   --tests   also the system packages of the tests      --bench   also those of the benchmarks      --world   those of the world
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')

const haproxy = { commands: ['haproxy', '/usr/sbin/haproxy'], package: 'haproxy', what: 'the gateway before each region' }

// What runs which tests: a command, and the Debian package that brings it.
const systemPackages = {
  '--tests': [
    { commands: ['chromium', 'chromium-browser', 'google-chrome'], package: 'chromium', what: 'the pages in a real browser' },
    { commands: ['curl'], package: 'curl', what: 'the story of the README' },
    { commands: ['java'], package: 'default-jre-headless', what: 'the master on DynamoDB, on the genuine DynamoDB Local' },
    haproxy,
    {
      commands: ['swift-proxy-server'],
      package: 'swift-proxy swift-account swift-container swift-object',
      what: 'the second place of the master in a bucket, on an object store (OpenStack Swift)',
    },
    { commands: ['strace'], package: 'strace', what: 'disks that fail, and that nothing is acknowledged before its sync' },
  ],
  '--bench': [
    { commands: ['nginx', '/usr/sbin/nginx'], package: 'nginx-light', what: 'the hot list beside nginx' },
    { commands: ['java'], package: 'default-jre-headless', what: 'the master on DynamoDB' },
    { commands: ['wrk'], package: 'wrk', what: 'load over HTTP' },
    {
      commands: ['pgbench', '/usr/lib/postgresql/15/bin/pgbench', '/usr/lib/postgresql/17/bin/pgbench'],
      package: 'postgresql-contrib',
      what: 'the cold list beside pgbench',
    },
  ],
  '--world': [haproxy],
}

requireNode()
installModules()
for (const [flag, packages] of Object.entries(systemPackages)) if (process.argv.includes(flag)) installSystem(packages)

function requireNode() {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 20) return
  fail(`Node.js ${process.versions.node} is too old: install Node.js 20 or newer.`)
}

function installModules() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex')
  const stampFile = join(modules, '.setup-stamp')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  console.log('Installing the npm packages (once, and after each change of package-lock.json) …')
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const done = spawnSync(npm[0], [...npm.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) fail('npm ci failed: see above. It needs the npm registry, and the permission to write here.')
  const bun = spawnSync(join(modules, '.bin', 'bun'), ['--version'], { encoding: 'utf8' })
  if (bun.status !== 0) fail(`Bun does not run on this machine (${process.platform}-${process.arch}): ${bun.error?.message ?? bun.stderr}`)
  writeFileSync(stampFile, stamp)
}

function installSystem(packages) {
  const missing = packages.filter(({ commands }) => !commands.some(isThere))
  const notRun = join(modules, '.not-run')
  mkdirSync(modules, { recursive: true })
  if (missing.length > 0 && process.platform === 'linux' && process.getuid?.() === 0 && isThere('apt-get')) {
    const names = missing.flatMap((entry) => entry.package.split(' '))
    console.log(`Installing the system packages ${names.join(', ')} …`)
    const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    spawnSync('apt-get', ['update', '-qq'], options)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], options)
  }
  const still = missing.filter(({ commands }) => !commands.some(isThere))
  const lines = still.map((entry) => `not run: ${entry.what} (install the system package ${entry.package})`)
  writeFileSync(notRun, lines.map((line) => `${line}\n`).join(''))
  if (lines.length === 0) return
  console.error(lines.join('\n'))
  if (process.env.CI === 'true') fail('Under CI=true every engine must be there.')
}

function isThere(command) {
  if (command.startsWith('/')) return existsSync(command)
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
