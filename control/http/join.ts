import { sha256 } from '../services/sha256.ts'
import { joinScript } from './join-script.ts'

/** What the line tells of this control plane. */
export interface Joining {
  /** SHA-256 of the agent's bundle, in hex; absent where none was put into the blob store. */
  readonly bundle: string | undefined
  /** SHA-256 of a self-made certificate, as agents take it by `--pin`. */
  readonly pin: string | undefined
  readonly url: string
  /** What its hosts belong to, so that machines can go from one to another; absent where each is of its own. */
  readonly instance?: string | undefined
}

let scriptHash: Promise<string> | null = null
/** SHA-256 of the script that the line runs, in hex. */
export function joinScriptHash(): Promise<string> {
  scriptHash ??= sha256(joinScript)
  return scriptHash
}

/**
 * One line for a shell of the new host. It checks what it fetched before it runs any of it: so who stands between is of no use, also where
 * nobody vouches for the certificate; the token goes only to whoever shows the pinned one.
 */
export async function joinLine({ bundle, pin, url, instance }: Joining, token: string): Promise<string | null> {
  if (bundle === undefined) return null
  const script = await joinScriptHash()
  const base = url.replace(/\/+$/, '')
  return [
    'f=$(mktemp)',
    `curl -fsS${pin === undefined ? '' : 'k'} -o "$f" ${quoted(`${base}/agent/join/${script}`)}`,
    `echo "${script}  $f" | sha256sum -c --quiet -`,
    `printf %s ${quoted(token)} | sudo sh "$f" ${quoted(base)} ${bundle} ${pin ?? '-'} --underlay auto${instance === undefined ? '' : ` --instance ${quoted(instance)}`}`,
  ].join(' && ')
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
