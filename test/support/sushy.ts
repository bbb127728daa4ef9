import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const wanted = 'sushy-tools==2.2.0'
const venv = join(homedir(), '.cache/sirocco', wanted.replace('==', '-'))

/** OpenStack's Redfish simulator (PyPI: sushy-tools), installed once outside of the clone; or why it is not to be had here. */
export function sushyEmulator():
  | { readonly program: string; readonly why: null }
  | { readonly program: null; readonly why: string } {
  const program = join(venv, 'bin/sushy-emulator')
  if (existsSync(program)) return { program, why: null }
  try {
    const options = { stdio: 'pipe', timeout: 120_000 } as const
    execFileSync('python3', ['-m', 'venv', venv], options)
    execFileSync(join(venv, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', wanted], options)
    return { program, why: null }
  } catch (error) {
    return { program: null, why: `${wanted} cannot be installed: ${String(error).split('\n')[0]}` }
  }
}
