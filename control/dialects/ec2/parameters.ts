import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Parameters } from './query.ts'
import { type Code, isCode, Refusal } from './refusal.ts'

/** A zod issue that names the EC2 code it becomes. */
const refused = (ec2: Code, message: string) => ({ message, params: { ec2 } })

/** Longer only where a parameter says so. */
const textLimit = 1_024
export const text = z.string().max(textLimit)

/** `true` of the SDKs, `True` of libcloud. */
export const flag = z
  .string()
  .regex(/^(true|false)$/i, 'must be true or false')
  .transform(value => value.toLowerCase() === 'true')

export const integer = (from: number, to: number) =>
  z
    .string()
    .regex(/^-?[0-9]{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(from, `must be at least ${from}`).max(to, `must be at most ${to}`))

export const list = <T extends z.ZodType>(item: T, most: number = limits.bulk) =>
  z.array(item).max(most, `may have ${most} at most`)
/** Absent means empty. */
export const listOrNone = <T extends z.ZodType>(item: T, most?: number) => list(item, most).default([])

/** An id of EC2's shape: the prefix and 17 hexadecimal digits (8 in ids made before 2016). */
const idOf = (prefix: string, malformed: Code) =>
  z.string().refine(id => new RegExp(`^${prefix}-(?:[0-9a-f]{17}|[0-9a-f]{8})$`).test(id), {
    params: { ec2: malformed },
    error: issue => `Invalid id: "${String(issue.input).slice(0, 64)}"`,
  })
export const instanceId = idOf('i', 'InvalidInstanceID.Malformed')
export const imageId = idOf('ami', 'InvalidAMIID.Malformed')
export const volumeId = idOf('vol', 'InvalidParameterValue')
export const snapshotId = idOf('snap', 'InvalidSnapshotID.Malformed')

/** Only what changes nothing here; anything else is refused with what to do. */
export const only = (values: readonly string[], advice: string) =>
  z.string().refine(value => values.includes(value.toLowerCase()), refused('UnsupportedOperation', advice))
/** A parameter that would change what is asked for, and cannot be given here. */
export const never = (advice: string) =>
  z
    .unknown()
    .refine(value => value === undefined, refused('UnsupportedOperation', advice))
    .optional()
/** A parameter that changes nothing of what is answered here. */
export const ignored = z.unknown().optional()

/** As EC2: 1 to 128 and up to 256 characters; `aws:` belongs to the platform. */
export const tag = z.strictObject({
  Key: z
    .string()
    .min(1, 'must not be empty')
    .max(128, 'is longer than 128 characters')
    .refine(key => !/^aws:/i.test(key), 'keys that begin with aws: are reserved')
    // Tags are records further in, where this one name is lost.
    .refine(key => key !== '__proto__', 'cannot be the key of a tag'),
  Value: z.string().max(256, 'is longer than 256 characters').default(''),
})
export const tags = list(tag, limits.tags)
export const tagsOf = (given: readonly z.output<typeof tag>[]): Record<string, string> => {
  const keys = new Set(given.map(({ Key }) => Key))
  if (keys.size < given.length) throw new Refusal('InvalidParameterValue', 'A tag key is given more than once.')
  return Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]))
}

/**
 * Tags of what is being made: `types` are tagged; of `without`, which come with it and carry no tags of their own here, they are not
 * kept; others are refused.
 */
export const tagSpecifications = (types: readonly string[], without: readonly string[] = []) =>
  listOrNone(
    z.strictObject({
      ResourceType: z
        .string()
        .refine(
          type => types.includes(type) || without.includes(type),
          refused('InvalidParameterValue', `only ${types.join(', ')} can be tagged here`),
        ),
      Tag: tags.default([]),
    }),
    10,
  )
export const specifiedTags = (
  specifications: z.output<ReturnType<typeof tagSpecifications>>,
  type: string,
): Record<string, string> => tagsOf(specifications.filter(({ ResourceType }) => ResourceType === type).flatMap(({ Tag }) => Tag))

/** As many values in one request as EC2 takes. */
const filterValues = 200
export const filters = listOrNone(z.strictObject({ Name: text, Value: listOrNone(text, filterValues) }), 50)
export type Filter = z.output<typeof filters>[number]

export const paging = { MaxResults: integer(5, limits.pageMax).optional(), NextToken: text.optional() }

/** Parses the parameters of an action; the first that is wrong becomes its EC2 error. */
export function parsed<T extends z.ZodType>(schema: T, parameters: Parameters): z.output<T> {
  const result = schema.safeParse(parameters)
  if (result.success) return result.data
  throw refusalOfIssue(result.error.issues[0], parameters)
}

function refusalOfIssue(issue: z.core.$ZodIssue | undefined, parameters: Parameters): Refusal {
  // Lists are numbered from 1 for the client.
  const name = (issue?.path ?? []).map(step => (typeof step === 'number' ? step + 1 : String(step))).join('.')
  if (issue?.code === 'unrecognized_keys')
    return new Refusal('UnknownParameter', `The parameter ${[name, issue.keys[0]].filter(Boolean).join('.')} is not recognized`)
  if (issue?.code === 'custom' && isCode(issue.params?.ec2)) return new Refusal(issue.params.ec2, issue.message)
  const value = at(parameters, issue?.path ?? [])
  if (value === undefined) return new Refusal('MissingParameter', `The request must contain the parameter ${name}`)
  // User-data is a secret: it stands in no message.
  const shown = typeof value === 'string' && name !== 'UserData' ? `(${value.slice(0, 64)}) ` : ''
  return new Refusal(
    'InvalidParameterValue',
    `Value ${shown}for parameter ${name} is invalid: ${issue?.message ?? 'not understood'}`,
  )
}

function at(parameters: Parameters, path: readonly PropertyKey[]): Parameters | undefined {
  let value: Parameters | undefined = parameters
  for (const step of path) {
    if (value === undefined || typeof value === 'string') return undefined
    value = Object.entries(value).find(([name]) => name === String(step))?.[1]
  }
  return value
}
