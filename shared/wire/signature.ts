/** The headers of a signed request of an agent. */
export const signatureHeaders = {
  agent: 'sirocco-agent',
  /** Milliseconds since the epoch; refused beyond `limits.clockSkew`. */
  time: 'sirocco-time',
  /** 16 random bytes in base64url: no request counts twice. */
  nonce: 'sirocco-nonce',
  /** Of the agent's machine: a copied credential shows itself. */
  fingerprint: 'sirocco-fingerprint',
  /** Ed25519 over `signedText`, in base64url. */
  signature: 'sirocco-signature',
} as const

export interface Signed {
  readonly method: string
  /** With the query, as it stands in the request line. */
  readonly path: string
  readonly agent: string
  readonly time: string
  readonly nonce: string
  readonly fingerprint: string
}

/** What is signed, exactly: both ends build it here. */
export const signedText = ({ method, path, agent, time, nonce, fingerprint }: Signed): string =>
  ['sirocco-agent-1', method, path, agent, time, nonce, fingerprint].join('\n')
