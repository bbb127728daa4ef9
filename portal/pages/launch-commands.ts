import type { Launch } from '../api/types.ts'

/** As a POSIX shell takes it, whatever it contains. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

export interface Places {
  /** Of this portal. */
  readonly origin: string
  readonly ec2Endpoint: string
  readonly region: string
}

export interface Wanted extends Launch {
  /** EC2's id of the image. */
  readonly ami: string
  /** As typed, before base64. */
  readonly script: string
}

/** The line that launches the same with `aws`. */
export function awsCommand({ origin: _, ec2Endpoint, region }: Places, wanted: Wanted): string {
  return lines([
    'aws ec2 run-instances',
    `--endpoint-url ${quoted(ec2Endpoint)} --region ${quoted(region)}`,
    `--image-id ${quoted(wanted.ami)} --instance-type ${quoted(wanted.flavor)} --count ${wanted.count ?? 1}`,
    wanted.keyPair && `--key-name ${quoted(wanted.keyPair)}`,
    wanted.subnet && `--subnet-id ${quoted(wanted.subnet)}`,
    wanted.securityGroups && `--security-group-ids ${wanted.securityGroups.map(quoted).join(' ')}`,
    wanted.placementGroup && `--placement ${quoted(`GroupName=${wanted.placementGroup}`)}`,
    wanted.name && `--tag-specifications ${quoted(`ResourceType=instance,Tags=[{Key=Name,Value=${wanted.name}}]`)}`,
    wanted.script !== '' && `--user-data ${quoted(wanted.script)}`,
  ])
}

/** The line that launches the same with `curl` and the native API. */
export function curlCommand({ origin }: Places, { ami: _, script: __, ...body }: Wanted): string {
  return lines([
    `curl ${quoted(`${origin}/api/v1/machines`)}`,
    `-H "Authorization: Bearer $SIROCCO_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `--data ${quoted(JSON.stringify(body))}`,
  ])
}

const lines = (parts: readonly (string | false | undefined)[]): string => parts.filter(Boolean).join(' \\\n  ')
