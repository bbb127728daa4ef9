import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Stop } from '../stop.ts'

export interface BuiltFile {
  readonly role: 'disk' | 'kernel' | 'initrd'
  readonly format: 'qcow2' | 'raw'
  readonly path: string
}

/** For booting the kernel directly, without firmware's menu and boot loader. */
export const tinyCommandLine = 'console=ttyS0,115200 quiet panic=10 net.ifnames=0'

/** The name changes with everything that the image is built from, save the packages themselves. */
function recipe(): string {
  const hash = createHash('sha256')
  const files = readdirSync(join(import.meta.dirname, 'files')).sort()
  for (const name of ['build.sh', ...files.map(file => join('files', file))]) {
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(import.meta.dirname, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

const filesOf = (folder: string): BuiltFile[] => [
  { role: 'disk', format: 'qcow2', path: join(folder, 'tiny.qcow2') },
  { role: 'kernel', format: 'raw', path: join(folder, 'vmlinuz') },
  { role: 'initrd', format: 'raw', path: join(folder, 'initrd.img') },
]

/** Where the image of this recipe is, or will be, in `cache`. */
const tinyFolder = (cache: string): string => join(cache, `tiny-${recipe()}`)

/** The small boot image, built if `cache` has none of this recipe. Two who build at the same time do not disturb each other. */
export async function tinyImage(cache: string, say: (detail: string) => void = () => {}): Promise<BuiltFile[]> {
  const folder = tinyFolder(cache)
  if (existsSync(folder)) return filesOf(folder)
  mkdirSync(dirname(folder), { recursive: true })
  const draft = mkdtempSync(`${folder}.`)
  try {
    await build(draft, say)
    renameSync(draft, folder)
  } catch (reason) {
    if (!existsSync(folder)) throw reason
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return filesOf(folder)
}

function build(folder: string, say: (detail: string) => void): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('bash', [join(import.meta.dirname, 'build.sh'), folder], { stdio: ['ignore', 'ignore', 'pipe'] })
    let output = ''
    child.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000)
      const last = output.trimEnd().split('\n').at(-1)
      if (last) say(last)
    })
    child.on('error', fail)
    child.on('close', code => {
      if (code === 0) done()
      else
        fail(
          new Stop(`The boot image could not be built (are Debian's package servers reachable?): ${output.trim().slice(-300)}`),
        )
    })
  })
}

/** SHA-256 in hex and the size in bytes. */
export async function measure(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { sha256: hash.digest('hex'), bytes: statSync(path).size }
}
