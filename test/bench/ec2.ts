import { createHash, createHmac } from 'node:crypto'
import type { Ready } from '@sirocco/local/instance/ready.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** An EC2 client as small as they get: one signed POST (Signature Version 4), the answer's XML as it is. */
export function ec2Client({ endpoint, region, accessKeyId, secretAccessKey }: Ready['ec2']) {
  return async (action: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> => {
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters }).toString()
    const { host } = new URL(endpoint)
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const date = time.slice(0, 8)
    const type = 'application/x-www-form-urlencoded'
    const signed = 'content-type;host;x-amz-date'
    const canonical = `POST\n/\n\ncontent-type:${type}\nhost:${host}\nx-amz-date:${time}\n\n${signed}\n${sha256(body)}`
    const scope = `${date}/${region}/ec2/aws4_request`
    const key = ['ec2', 'aws4_request'].reduce((k, part) => hmac(k, part), hmac(hmac(`AWS4${secretAccessKey}`, date), region))
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex')
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': type, 'x-amz-date': time, authorization },
      body,
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${action}: ${answer.status} ${text.slice(0, 300)}`)
    return text
  }
}
export type Ec2 = ReturnType<typeof ec2Client>

export const all = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(m => m[1] ?? '')

/** The first of the platform's images. */
export async function anyImage(ec2: Ec2): Promise<string> {
  const [image] = all(await ec2('DescribeImages'), 'imageId')
  if (!image) throw new Error('there is no image')
  return image
}

const stateOf = (xml: string) => /<instanceState>.*?<name>([^<]*)<\/name>/s.exec(xml)?.[1] ?? ''

/** Waits until an instance is in this state, for at most a minute. */
export async function until(ec2: Ec2, instance: string, state: string): Promise<void> {
  for (const end = performance.now() + 60_000; ; ) {
    const now = stateOf(await ec2('DescribeInstances', { 'InstanceId.1': instance }))
    if (now === state) return
    if (performance.now() > end) throw new Error(`${instance} is ${now} after a minute, not ${state}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
