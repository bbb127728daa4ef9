import { type FaultCode, faultCodes } from '@sirocco/shared/kit/fault.ts'
import { expect, test } from 'vitest'
import { refusalOf } from './faults.ts'

/** Of a fault about an instance, with no field: the code and the HTTP status that SDKs decide retries by. */
const expected = {
  not_found: ['InvalidInstanceID.NotFound', 400],
  already_exists: ['ResourceAlreadyExists', 400],
  invalid: ['InvalidParameterValue', 400],
  precondition: ['IncorrectInstanceState', 400],
  conflict: ['IncorrectState', 400],
  stale: ['Unavailable', 503],
  quota: ['InstanceLimitExceeded', 400],
  capacity: ['InsufficientInstanceCapacity', 500],
  unsupported: ['Unsupported', 400],
  unauthenticated: ['AuthFailure', 401],
  forbidden: ['UnauthorizedOperation', 403],
  throttled: ['RequestLimitExceeded', 503],
  unavailable: ['Unavailable', 503],
  internal: ['InternalError', 500],
} as const satisfies Record<FaultCode, readonly [string, number]>

test.each(faultCodes)('%s has its EC2 error, and the message is the user’s', code => {
  const refusal = refusalOf({ code, message: 'for the user', detail: 'for the operator' }, 'instance')
  expect([refusal.code, refusal.status]).toEqual(expected[code])
  expect(refusal.message).toBe('for the user')
})

test.each([
  ['image', 'not_found', 'InvalidAMIID.NotFound'],
  ['keyPair', 'not_found', 'InvalidKeyPair.NotFound'],
  ['subnet', 'not_found', 'InvalidSubnetID.NotFound'],
  ['i-0123456789abcdef0', 'not_found', 'InvalidInstanceID.NotFound'],
  ['vpc-0123456789abcdef0', 'not_found', 'InvalidVpcID.NotFound'],
  ['publicKey', 'invalid', 'InvalidKey.Format'],
  ['token', 'conflict', 'IdempotentParameterMismatch'],
] as const)('a fault at %s (%s) is %s', (field, code, ec2) => {
  expect(refusalOf({ code, message: '', field }, 'instance').code).toBe(ec2)
})

test('a name that is taken is a duplicate key pair', () => {
  expect(refusalOf({ code: 'already_exists', message: '', field: 'name' }, 'key-pair').code).toBe('InvalidKeyPair.Duplicate')
})
test('something without id of its kind is an unknown id', () => {
  expect(refusalOf({ code: 'not_found', message: '', field: 'whatever' }, 'tag').code).toBe('InvalidID')
})
