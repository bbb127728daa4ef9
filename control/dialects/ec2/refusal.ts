/**
 * Every error code this dialect answers, with its HTTP status (EC2 API reference, "Error codes for the Amazon EC2 API"; what
 * SDKs retry is decided by the status, so these are EC2's own).
 */
const statuses = {
  AttachmentLimitExceeded: 400,
  AuthFailure: 401,
  DependencyViolation: 400,
  DryRunOperation: 412,
  IdempotentParameterMismatch: 400,
  IncompleteSignature: 400,
  IncorrectInstanceState: 400,
  IncorrectState: 400,
  InstanceLimitExceeded: 400,
  InsufficientInstanceCapacity: 500,
  InternalError: 500,
  InvalidAction: 400,
  'InvalidAMIID.Malformed': 400,
  'InvalidAMIID.NotFound': 400,
  'InvalidAttachment.NotFound': 400,
  InvalidBlockDeviceMapping: 400,
  InvalidClientTokenId: 403,
  'InvalidGroup.Duplicate': 400,
  'InvalidGroup.NotFound': 400,
  InvalidID: 400,
  'InvalidInstanceID.Malformed': 400,
  'InvalidInstanceID.NotFound': 400,
  InvalidInstanceType: 400,
  'InvalidKey.Format': 400,
  'InvalidKeyPair.Duplicate': 400,
  'InvalidKeyPair.NotFound': 400,
  InvalidPaginationToken: 400,
  InvalidParameterCombination: 400,
  InvalidParameterValue: 400,
  'InvalidPermission.Duplicate': 400,
  'InvalidPermission.NotFound': 400,
  'InvalidPlacementGroup.Duplicate': 400,
  'InvalidPlacementGroup.InUse': 400,
  'InvalidPlacementGroup.Unknown': 400,
  'InvalidSnapshot.InUse': 400,
  'InvalidSnapshot.NotFound': 400,
  'InvalidSnapshotID.Malformed': 400,
  'InvalidSubnetID.NotFound': 400,
  'InvalidVolume.NotFound': 400,
  'InvalidVolume.ZoneMismatch': 400,
  'InvalidVolumeModification.NotFound': 400,
  'InvalidVpcID.NotFound': 400,
  MalformedQueryString: 400,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  MissingParameter: 400,
  OperationNotPermitted: 400,
  RequestEntityTooLarge: 413,
  RequestExpired: 400,
  RequestLimitExceeded: 503,
  ResourceAlreadyExists: 400,
  ResourceCountLimitExceeded: 400,
  RulesPerSecurityGroupLimitExceeded: 400,
  SecurityGroupLimitExceeded: 400,
  SignatureDoesNotMatch: 403,
  TagLimitExceeded: 400,
  UnauthorizedOperation: 403,
  Unavailable: 503,
  UnknownParameter: 400,
  Unsupported: 400,
  UnsupportedOperation: 400,
  VcpuLimitExceeded: 400,
  VolumeLimitExceeded: 400,
  VolumeInUse: 400,
} as const satisfies Record<string, 400 | 401 | 403 | 412 | 413 | 500 | 503>
export type Code = keyof typeof statuses

export const isCode = (text: unknown): text is Code => typeof text === 'string' && Object.hasOwn(statuses, text)

/** An EC2 error on its way to the client. Thrown, so that an action reads as its answer; caught in index.ts alone. */
export class Refusal extends Error {
  readonly code: Code
  constructor(code: Code, message: string) {
    super(message)
    this.code = code
  }
  get status() {
    return statuses[this.code]
  }
}
