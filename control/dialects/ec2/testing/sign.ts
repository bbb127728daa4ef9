import { createHash, createHmac } from 'node:crypto'

/** What a client signs with; `now` in milliseconds since the epoch. */
export interface Signer {
  readonly accessKeyId: string
  readonly secret: string
  readonly region: string
  readonly service?: string
  readonly now: number
}

const sha256 = (data: string) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()

/** A client's side of Signature Version 4, written apart from the verifier, for POSTs of forms to the root. */
export function signed(url: string, body: string, signer: Signer, more: Readonly<Record<string, string>> = {}): Request {
  const { accessKeyId, secret, region, service = 'ec2', now } = signer
  const timestamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const date = timestamp.slice(0, 8)
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: new URL(url).host,
    'x-amz-date': timestamp,
    ...more,
  }
  const names = Object.keys(headers).sort()
  const canonical = ['POST', '/', '', ...names.map(name => `${name}:${headers[name]}`), '', names.join(';'), sha256(body)].join(
    '\n',
  )
  const scope = `${date}/${region}/${service}/aws4_request`
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return new Request(url, { method: 'POST', headers: { ...headers, authorization }, body })
}
