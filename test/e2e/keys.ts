import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An ssh key in a folder of the test's own. */
export interface Key {
  readonly file: string
  readonly publicKey: string
  /** Runs a command in a guest, as a person would from its host. */
  ssh(address: string, command: string): Promise<string>
  /** The words of that, for whoever runs it elsewhere. */
  words(address: string, command: string): [string, ...string[]]
}

export async function makeKey(dir: string): Promise<Key> {
  const file = join(dir, 'key')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'e2e', '-f', file])
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'ConnectTimeout=3',
    'IdentitiesOnly=yes',
  ].flatMap(option => ['-o', option])
  const words = (address: string, command: string): [string, ...string[]] => [
    'ssh',
    ...options,
    '-i',
    file,
    `root@${address}`,
    command,
  ]
  return {
    file,
    words,
    publicKey: (await readFile(`${file}.pub`, 'utf8')).trim(),
    async ssh(address, command) {
      const [ssh, ...rest] = words(address, command)
      const { stdout } = await run(ssh, rest, { timeout: 15_000 })
      return stdout.trim()
    },
  }
}
