// Amazon's own SDK is asked where it would send a request; nothing is sent.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { IndexferryError } from '../foundation/errors.ts'
import { parseObjectLocation } from '../model/object-location.ts'
import { regionInHost } from './bucket-endpoint.ts'
import { connectBucket } from './s3-client.ts'
import { type Environment, plainSettings, type StoreSettings } from './store-settings.ts'

interface Asked {
  readonly region: string
  readonly bucket?: string
  readonly fips?: boolean
  readonly dualStack?: boolean
}

/** Undefined where it refuses. */
async function amazons({ region, bucket = 'movies', fips = false, dualStack = false }: Asked) {
  let seen: string | undefined
  const client = new S3Client({
    region,
    useFipsEndpoint: fips,
    useDualstackEndpoint: dualStack,
    maxAttempts: 1,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    requestHandler: {
      handle: async (request: { protocol: string; hostname: string }) => {
        seen = `${request.protocol}//${request.hostname}`
        throw new Error('seen')
      },
    },
  })
  await client.send(new ListObjectsV2Command({ Bucket: bucket })).catch(() => {})
  return seen
}

function connect(location: string, env: Environment = {}, settings: Partial<StoreSettings> = {}) {
  const parsed = parseObjectLocation(location, 'SOURCE')
  assert.ok(parsed.kind !== 'folder')
  return connectBucket(parsed, 'source', { ...plainSettings, ...settings }, { HOME: '/nowhere', ...env })
}
const ours = (...words: Parameters<typeof connect>) => connect(...words).client.place.address.origin

const regions = [
  'us-east-1',
  'eu-west-1',
  'us-gov-west-1',
  'cn-northwest-1',
  'eusc-de-east-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'us-isof-south-1',
  'eu-isoe-west-1',
]

test("endpoints are those of Amazon's own SDK, in every partition, of FIPS and of both stacks", async () => {
  for (const region of regions)
    for (const fips of [false, true])
      for (const dualStack of [false, true]) {
        const env = {
          AWS_REGION: region,
          AWS_USE_FIPS_ENDPOINT: String(fips),
          AWS_USE_DUALSTACK_ENDPOINT: String(dualStack),
        }
        const expected = await amazons({ region, fips, dualStack })
        if (expected === undefined) assert.throws(() => ours('s3://movies', env), isWrong('CONFIG_INVALID', /no FIPS/))
        else {
          assert.equal(ours('s3://movies', env), expected)
          assert.equal(regionInHost(new URL(expected).hostname), region)
        }
      }
})

test('names that cannot be part of a host name go into the path, as in the SDK', async () => {
  for (const bucket of ['movies', 'my.bucket', 'My_Bucket', 'UPPER', 'ab', '192.168.1.1', 'point-abc-s3alias'])
    assert.equal(ours(`s3://${bucket}`), await amazons({ region: 'us-east-1', bucket }), bucket)
})

test('a profile says what the environment leaves open', async (context) => {
  const home = await mkdtemp(join(tmpdir(), 'indexferry-profile-'))
  context.after(() => rm(home, { recursive: true }))
  await mkdir(join(home, '.aws'))
  const config = `
# region = sa-east-1
[default]
region = eu-west-3
[profile gov]
region=us-gov-west-1  ; of the government
use_fips_endpoint = TRUE
s3 =
  use_dualstack_endpoint = true
[profile "two words"]
use_dualstack_endpoint = true
[profile slip]
use_fips_endpoint = yes
`
  await writeFile(join(home, '.aws', 'config'), config)
  const at = (env: Environment = {}, settings: Partial<StoreSettings> = {}) =>
    ours('s3://movies', { HOME: home, ...env }, settings)
  assert.equal(at(), 'https://movies.s3.eu-west-3.amazonaws.com')
  assert.equal(at({ AWS_REGION: 'eu-west-1' }), 'https://movies.s3.eu-west-1.amazonaws.com')
  assert.equal(at({}, { region: 'eu-west-2' }), 'https://movies.s3.eu-west-2.amazonaws.com')
  // Another account's key has nothing to do with the region of the profile.
  assert.equal(at({}, { accessKeyId: 'id', secretAccessKey: 'secret' }), 'https://movies.s3.us-east-1.amazonaws.com')
  assert.equal(at({ AWS_PROFILE: 'gov' }), 'https://movies.s3-fips.us-gov-west-1.amazonaws.com')
  assert.equal(
    at({ AWS_USE_FIPS_ENDPOINT: 'false' }, { profile: 'gov' }),
    'https://movies.s3.us-gov-west-1.amazonaws.com',
  )
  assert.equal(at({}, { profile: 'two words' }), 'https://movies.s3.dualstack.us-east-1.amazonaws.com')
  assert.throws(() => at({}, { profile: 'slip' }), isWrong('CONFIG_INVALID', /use_fips_endpoint .* is "yes"/))
})

test('an endpoint that is named is kept to, and says its region', () => {
  const fips = { AWS_USE_FIPS_ENDPOINT: 'true' }
  const minio = 's3://movies?endpoint=http://minio:9000'
  assert.equal(ours(minio, fips), 'http://minio:9000')
  const named = 's3://movies?endpoint=https://s3.eu-west-1.amazonaws.com'
  assert.equal(ours(named), 'https://movies.s3.eu-west-1.amazonaws.com')
  assert.throws(() => ours(named, fips), isWrong('CONFIG_INVALID', /FIPS/))
  // The endpoint that the document writes for ap-southeast-1 stands for all regions.
  assert.equal(
    ours('s3://movies?endpoint=https://s3.amazonaws.com&region=ap-southeast-1'),
    'https://movies.s3.ap-southeast-1.amazonaws.com',
  )
  const hosts = {
    's3-eu-west-1.amazonaws.com': 'eu-west-1',
    's3.dualstack.eu-west-1.amazonaws.com': 'eu-west-1',
    's3-fips.dualstack.us-gov-east-1.amazonaws.com': 'us-gov-east-1',
    'bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com': 'us-east-1',
    's3.amazonaws.com': undefined,
    's3-accelerate.amazonaws.com': undefined,
    's3.oss-cn-hangzhou-internal.aliyuncs.com': 'cn-hangzhou',
    'oss-ap-southeast-1.aliyuncs.com': 'ap-southeast-1',
    'minio.example.com': undefined,
  }
  for (const [host, region] of Object.entries(hosts)) assert.equal(regionInHost(host), region, host)
})

test('one bucket is one place, whichever endpoint of Amazon leads there', () => {
  const place = connect('s3://movies', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }).origin
  assert.equal(connect('s3://movies?region=eu-west-1').origin, place)
  assert.notEqual(connect('s3://movies?region=cn-north-1').origin, place)
})

test('buckets of other kinds are told early', () => {
  const kinds = { 'movies--use1-az4--x-s3': /directory bucket of S3 Express/, 'abc.mrap': /multi-Region/ }
  for (const [bucket, what] of Object.entries(kinds)) {
    assert.throws(() => ours(`s3://${bucket}/snap`), isWrong('LOCATION_INVALID', what))
    assert.throws(
      () => ours(`s3://${bucket}?endpoint=https://s3.us-east-1.amazonaws.com`),
      isWrong('LOCATION_INVALID', what),
    )
    assert.equal(ours(`s3://${bucket}?endpoint=http://minio:9000`), 'http://minio:9000')
  }
  const arns = ['arn:aws:s3:::movies/snap', 'arn:aws:s3:eu-west-1:123456789012:accesspoint/name']
  for (const arn of arns) assert.throws(() => ours(`s3://${arn}`), isWrong('LOCATION_INVALID', /ARN where a bucket/))
})

const isWrong = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof IndexferryError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
  return true
}
