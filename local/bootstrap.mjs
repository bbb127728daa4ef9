#!/usr/bin/env node
// From a fresh clone to a running command: a new enough Node, the npm packages, the system's packages, then the command itself.
// Plain JavaScript without dependencies, since it runs before there are any, on Node 18 and later.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import * as module from 'node:module'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { auditNeeds, hostNeeds, imageNeeds, isInstalled, missing, testNeeds } from './packages.mjs'
import { progress } from './progress.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** What this needs at least, and what it installs where the system's is older. */
const node = { major: 24, version: '24.21.0' }
/** npm of an older Node picks older majors of some packages without a word. */
const npm = { major: 11, version: '11.19.1' }
const own = join(root, '.node')

const commands = /** @type {const} */ ({
  start: 'local/start.ts',
  test: 'local/test.ts',
  check: 'local/check.ts',
  sim: 'test/simulation/main.ts',
  bench: 'test/bench/main.ts',
  edge: 'local/edge.ts',
  sirocco: 'cli/main.ts',
})
/** What `sirocco` does in a clone alone, beside what every `sirocco` does. */
const ofClone = /** @type {Record<string, string>} */ ({
  backup: 'local/backup/backup.ts',
  restore: 'local/backup/restore.ts',
  uninstall: 'local/uninstall.ts',
})

/** As `stop.ts`, which cannot be read yet. */
class Stop extends Error {
  /** @override */
  name = 'Stop'
}

/**
 * Runs a program whose output only matters when it fails.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ say?: (detail: string) => void, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>} its output
 */
function run(program, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const hear = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-20_000)
      const last = output.trimEnd().split('\n').at(-1)?.slice(0, 60)
      if (last) options.say?.(last)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', reason => fail(new Stop(`${program} cannot be run: ${reason.message}.`)))
    child.on('close', code => {
      if (code === 0) done(output)
      else fail(Object.assign(new Stop(`${program} ${args[0] ?? ''} failed (exit ${code}).`), { output }))
    })
  })
}

/** The system's npm, run by this Node: `npm` on the PATH, or beside a Node that was unpacked somewhere. */
function systemNpm() {
  const beside = resolve(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  if (existsSync(beside)) return { program: process.execPath, args: [beside] }
  if (isInstalled('npm')) return { program: 'npm', args: [] }
  throw new Stop('npm is missing: install it (apt-get install npm) and try again.')
}

/** Our own npm where it was needed, else the system's. */
async function fittingNpm() {
  const ours = join(own, 'node_modules/npm/bin/npm-cli.js')
  if (existsSync(ours)) return { program: process.execPath, args: [ours] }
  const system = systemNpm()
  const version = (await run(system.program, [...system.args, '--version'])).trim().split('\n').at(-1) ?? ''
  if (Number.parseInt(version, 10) >= npm.major) return system
  await installOwn([`npm@${npm.version}`], `installing npm ${npm.version}`)
  return { program: process.execPath, args: [ours] }
}

/**
 * @param {readonly string[]} packages
 * @param {string} title
 */
async function installOwn(packages, title) {
  mkdirSync(own, { recursive: true })
  const manifest = join(own, 'package.json')
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "name": "sirocco-node", "private": true }\n')
  const { program, args } = systemNpm()
  const options = ['install', '--prefix', own, '--no-audit', '--no-fund', '--save-exact', '--ignore-scripts', '--loglevel=error']
  await progress.step(title, say => run(program, [...args, ...options, ...packages], { say }))
}

/** The Node of `.node/`, installed if it is not there: the packages of the `node` package itself, which need no install script. */
async function ownNode() {
  const name = `node-${process.platform}-${process.arch}`
  const binary = join(own, 'node_modules', name, 'bin/node')
  const manifest = join(own, 'node_modules', name, 'package.json')
  const have = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
  if (have !== node.version || !existsSync(join(own, 'node_modules/npm'))) {
    if (process.platform !== 'linux') throw new Stop(`Node ${node.major} or later is needed: install it and try again.`)
    const title = `installing Node ${node.version} into .node (this one is ${process.versions.node})`
    await installOwn([`${name}@${node.version}`, `npm@${npm.version}`], title)
  }
  return binary
}

/**
 * Runs this same command under another Node, and is then only its shadow: signals go on to it, its end is ours.
 * @param {string} binary
 * @returns {Promise<number>}
 */
function under(binary) {
  return new Promise((done, fail) => {
    const PATH = `${dirname(binary)}:${process.env.PATH ?? ''}`
    const child = spawn(binary, process.argv.slice(1), { stdio: 'inherit', env: { ...process.env, PATH } })
    // A terminal sends SIGINT to both by itself; the child's answer to it is the one that counts.
    process.on('SIGINT', () => {})
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => void child.kill(signal))
    child.on('error', fail)
    child.on('close', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

/**
 * What the lock file says, unless that is installed already. Not by `npm ci`: that refuses a lock file which leaves out the
 * optional packages of other platforms, and a registry need not have those.
 */
async function nodeModules() {
  const lock = join(root, 'package-lock.json')
  const stamp = join(root, 'node_modules/.package-lock.json')
  if (existsSync(stamp) && (!existsSync(lock) || statSync(stamp).mtimeMs >= statSync(lock).mtimeMs)) return
  const { program, args } = await fittingNpm()
  await progress.step('installing the npm packages', async say => {
    try {
      await run(program, [...args, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { say })
    } catch (reason) {
      const output =
        reason instanceof Error && 'output' in reason ? String(reason.output).trim().split('\n').slice(0, 5).join('\n') : ''
      throw new Stop(`the npm packages could not be installed; is the registry reachable?\n${output}`)
    }
  })
  utimesSync(stamp, new Date(), new Date())
  await installScripts()
}

/**
 * Both bring a program per platform, which their install scripts only check and link; npm may have left the scripts out (its
 * policy, or `ignore-scripts`). So see whether they run, and let their own scripts repair what does not.
 */
async function installScripts() {
  const manifests = ['node_modules/esbuild', 'node_modules/workerd', 'local/node_modules/workerd']
  for (const folder of manifests.map(path => join(root, path)).filter(path => existsSync(path))) {
    const binary = join(folder, 'bin', folder.endsWith('esbuild') ? 'esbuild' : 'workerd')
    try {
      await run(binary, ['--version'])
    } catch {
      await run(process.execPath, [join(folder, 'install.js')])
    }
  }
}

/**
 * Asks on a terminal, goes on elsewhere: nobody is there to answer.
 * @param {readonly string[]} names
 */
async function mayInstall(names) {
  progress.say(`These Debian packages are needed and missing: ${names.join(' ')}`)
  if (process.argv.includes('--yes') || !process.stdin.isTTY || !process.stderr.isTTY) return true
  const questions = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await questions.question('Install them with apt-get? [Y/n] ')
  questions.close()
  return /^\s*(y|yes)?\s*$/i.test(answer)
}

/**
 * Installs what is missing where that is possible. What then still is, is the command's to refuse or to do without.
 * @param {readonly string[]} names
 */
async function apt(names) {
  if (names.length === 0) return
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    progress.say(`Not installed, since only root can: ${names.join(' ')}`)
    return
  }
  if (!(await mayInstall(names))) return
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-q', '--no-install-recommends', ...names]
  try {
    await progress.step('installing Debian packages', async say => {
      try {
        await run('apt-get', install, { say, env })
      } catch {
        await run('apt-get', ['update', '-q'], { say, env })
        await run('apt-get', install, { say, env })
      }
    })
  } catch (reason) {
    const output = reason instanceof Error && 'output' in reason ? String(reason.output) : ''
    progress.say(`apt-get could not install them: ${/^E: .*$/m.exec(output)?.[0] ?? 'see apt-get install by hand'}`)
  }
}

/** @param {keyof typeof commands} command */
function needs(command) {
  if (['check', 'sim', 'edge', 'sirocco'].includes(command)) return []
  const bare = ['--simulated', '--no-agent', '--help', '-h'].some(flag => process.argv.includes(flag))
  if (command === 'start') return bare ? [] : [...hostNeeds, ...auditNeeds, ...imageNeeds]
  if (command === 'bench') return [...hostNeeds, ...imageNeeds]
  return [...hostNeeds, ...auditNeeds, ...imageNeeds, ...testNeeds]
}

/**
 * A signal to npm ends the shell that npm runs us by, and the shell tells nobody (dash, Debian's). So the death of the parent counts as
 * being told to end.
 */
function endWithParent() {
  if (process.env.npm_lifecycle_event === undefined) return
  // Of a shell that npm put between, the parent counts, too: npm, which a SIGKILL ends alone.
  const read = (/** @type {string} */ path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  const lineage = () => {
    const stat = /^\d+ \((\w+)\) \S (\d+)/.exec(read(`/proc/${process.ppid}/stat`))
    return `${process.ppid} ${/^(?:ba|da)?sh$/.test(stat?.[1] ?? '') ? stat?.[2] : ''}`
  }
  const born = lineage()
  const watch = setInterval(() => {
    if (lineage() === born) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  watch.unref()
}

/** What Node makes of the sources, types stripped, is kept for its next start; threads and the programs that are started from here keep theirs. */
function compileOnce() {
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/node')
  module.enableCompileCache()
}

/** @returns {Promise<number>} */
async function main() {
  endWithParent()

  const [name = '', ...args] = process.argv.slice(2)
  if (!Object.hasOwn(commands, name))
    throw new Stop(`usage: npm start | npm test | npm run ${Object.keys(commands).slice(2).join('|')}`)
  const command = /** @type {keyof typeof commands} */ (name)

  if (Number.parseInt(process.versions.node, 10) < node.major) return under(await ownNode())

  process.env.PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`
  compileOnce()
  const held = await hold()
  try {
    await nodeModules()
    await apt(missing(needs(command)))
  } finally {
    held()
  }
  const special = command === 'sirocco' && Object.hasOwn(ofClone, args[0] ?? '') ? ofClone[args[0] ?? ''] : undefined
  const script = special ?? commands[command]
  const file = join(root, script)
  if (!existsSync(file)) throw new Stop(`${script} is not there.`)
  const { main: run } = await import(pathToFileURL(file).href)
  return run(special ? args.slice(1) : args)
}

/** One at a time per clone, so that two first starts side by side do not install over each other. */
async function hold() {
  const file = join(own, 'installing')
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(own, { recursive: true })
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (reason) {
      if (!(reason instanceof Error && 'code' in reason && reason.code === 'EEXIST')) {
        throw new Stop(`the clone's folder ${root} cannot be written to: run this as its owner.`)
      }
    }
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
    if (pid > 0 && !existsSync(`/proc/${pid}`)) rmSync(file, { force: true })
    if (tries === 5) progress.say('waiting for another command of this clone that installs packages …')
    await new Promise(done => setTimeout(done, 200))
  }
}

main().then(
  code => {
    process.exitCode = code
  },
  reason => {
    const known = reason instanceof Error && reason.name === 'Stop'
    process.stderr.write(`${known ? `sirocco: ${reason.message}` : reason instanceof Error ? reason.stack : String(reason)}\n`)
    process.exitCode = known && 'exitCode' in reason ? Number(reason.exitCode) : 1
  },
)
