import { z } from 'zod'
import { type FaultCode, faultCodes } from '../kit/fault.ts'
import { AcceptedBackup, Backup, BackupPage } from './backups.ts'
import { FlavorPage, RegionPage } from './catalogue.ts'
import { EventPage, FeedMessage } from './events.ts'

import {
  EnrolTokenPage,
  Fencing,
  Host,
  HostAccepted,
  HostPage,
  HostProjection,
  MadeEnrolToken,
  MaintenancePlan,
  Upgrading,
} from './hosts.ts'
import { AskedProvider, Identity, IdentityPage, IdentityProvider, IdentityProviderPage, NamedProviders } from './identities.ts'
import { Image, ImageCaptured, ImageCatalogue, ImageDeleted, ImagePage, ImageShares, ImageUpload, NamedImage } from './images.ts'
import { KeyPairPage, MadeKeyPair } from './key-pairs.ts'
import { Accepted, Console, ConsoleLog, Guest, Launched, Machine, MachinePage, Screen, Screenshot } from './machines.ts'
import { Network, NetworkPage, NewNetwork, NewSubnet } from './networks.ts'
import { Operation, OperationAsked, OperationDetail, OperationPage } from './operations.ts'
import { Orphan, OrphanAdopted, OrphanPage, OrphanRemoving } from './orphans.ts'
import { Passkey, PasskeyOptions, PasskeyPage } from './passkeys.ts'
import { PlacementExplained } from './placement.ts'
import { PlacementGroup, PlacementGroupPage } from './placement-groups.ts'
import { Pool, PoolDetail, PoolPage } from './pools.ts'
import { Price, PriceTable } from './prices.ts'
import { Problem } from './problem.ts'
import { problems } from './problems.ts'
import { commonFaults, type Route } from './route.ts'
import { base, routes } from './routes.ts'
import { Usage } from './samples.ts'
import { NewSecondFactor, RecoveryCodes, SecondFactor } from './second-factor.ts'
import { SecurityGroup, SecurityGroupPage, SecurityRule } from './security-groups.ts'
import { Me, SignInAnswer } from './sessions.ts'
import { TagPage } from './tags.ts'
import {
  AccessKeyPage,
  InvitationPage,
  MadeAccessKey,
  MadeInvitation,
  Member,
  MemberPage,
  Project,
  ProjectPage,
  QuotaList,
  SessionPage,
  User,
  UserPage,
} from './tenancy.ts'
import { ProjectUsage, ResourceUsage } from './usage.ts'
import { AcceptedMoment, AcceptedSnapshot, AcceptedVolume, Snapshot, SnapshotPage, Volume, VolumePage } from './volumes.ts'
import { DeliveryPage, MadeWebhook, Webhook, WebhookPage } from './webhooks.ts'

/** What answers are called in the document. */
const named = {
  Machine,
  MachinePage,
  Launched,
  Accepted,
  ConsoleLog,
  Screen,
  Screenshot,
  Guest,
  Console,
  KeyPairPage,
  MadeKeyPair,
  Pool,
  PoolDetail,
  PoolPage,
  PlacementGroup,
  PlacementGroupPage,
  SecurityGroup,
  SecurityGroupPage,
  SecurityRule,
  PlacementExplained,
  Image,
  ImagePage,
  NamedImage,
  ImageUpload,
  ImageShares,
  ImageCaptured,
  ImageDeleted,
  ImageCatalogue,
  FlavorPage,
  RegionPage,
  Network,
  NetworkPage,
  NewNetwork,
  NewSubnet,
  Volume,
  VolumePage,
  AcceptedVolume,
  Snapshot,
  SnapshotPage,
  AcceptedMoment,
  AcceptedSnapshot,
  Backup,
  BackupPage,
  AcceptedBackup,
  Operation,
  OperationDetail,
  OperationAsked,
  OperationPage,
  EventPage,
  FeedMessage,
  Host,
  HostAccepted,
  HostPage,
  HostProjection,
  Usage,
  ProjectUsage,
  ResourceUsage,
  Price,
  PriceTable,
  Fencing,
  Upgrading,
  Orphan,
  OrphanPage,
  OrphanAdopted,
  OrphanRemoving,
  EnrolTokenPage,
  MadeEnrolToken,
  MaintenancePlan,
  Me,
  SignInAnswer,
  AskedProvider,
  Identity,
  IdentityPage,
  IdentityProvider,
  IdentityProviderPage,
  NamedProviders,
  Passkey,
  PasskeyPage,
  PasskeyOptions,
  SecondFactor,
  NewSecondFactor,
  RecoveryCodes,
  DeliveryPage,
  MadeWebhook,
  Webhook,
  WebhookPage,
  AccessKeyPage,
  InvitationPage,
  MadeAccessKey,
  MadeInvitation,
  Member,
  MemberPage,
  Project,
  ProjectPage,
  QuotaList,
  SessionPage,
  User,
  UserPage,
  TagPage,
  Problem,
} as const satisfies Record<string, z.ZodType>

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI 3.1 document of the native API, made from the schemas that validate. */
export function openapi(server: string, version: string): Json {
  const names = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) names.add(schema, { id })
  const { schemas } = z.toJSONSchema(names, { io: 'output', uri: id => `#/components/schemas/${id}` })
  const components = Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))

  const paths: Record<string, Record<string, Json>> = {}
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: { operationId, ...operationOf(route) } }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Sirocco', version, license: { name: 'LGPL-3.0-or-later', identifier: 'LGPL-3.0-or-later' } },
    servers: [{ url: `${server}${base}` }],
    security: [{ key: [] }, { session: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An access key: `<access key id>.<secret>`' },
        session: { type: 'apiKey', in: 'cookie', name: 'sirocco_session' },
      },
    },
  }
}

function operationOf(route: Route): Json {
  const success: Json = {
    description: route.summary,
    ...(route.answer
      ? {
          content: {
            'application/json': { schema: { $ref: `#/components/schemas/${nameOf(route.answer)}` } },
            ...(route.stream ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
          },
        }
      : {}),
  }
  return {
    summary: route.summary,
    ...(route.open ? { security: [] } : {}),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...(route.idempotent ? [idempotencyKey] : []),
      ...(route.stream
        ? [{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'integer', minimum: 0 } }]
        : []),
    ],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: bare(z.toJSONSchema(route.body, { io: 'input' })) } },
          },
        }
      : {}),
    ...(route.bytes
      ? {
          requestBody: {
            required: true,
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        }
      : {}),
    responses: { [route.status]: success, ...refusals([...commonFaults, ...route.faults]) },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same request lands once; with another request it is a conflict.',
  schema: { type: 'string', minLength: 1, maxLength: 64 },
}

/** One response for each status, naming the faults that have it. */
function refusals(faults: readonly FaultCode[]): Json {
  const responses: Record<string, Json> = {}
  for (const status of new Set(faults.map(code => problems[code].status))) {
    const codes = faultCodes.filter(code => faults.includes(code) && problems[code].status === status)
    responses[status] = {
      description: codes.map(code => `${code}: ${problems[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
  return responses
}

function parameters(where: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' })
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: of,
  }))
}

/** The name of an answer; each has one. */
function nameOf(schema: z.ZodType): string {
  const found = Object.entries(named).find(([, named]) => named === schema)
  if (!found) throw new Error('impossible: an answer without a name in the document')
  return found[0]
}

/** Without what only a document of its own carries. */
function bare(schema: object): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'))
}
