// Where a bucket is reached: the vendors' own addresses, which follow from the region, and the place of the bucket in the URL. Amazon's
// are those that its own SDK makes.
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import type { StoreSettings } from './store-settings.ts'

/** Where the bucket is, which a store may know better than the user. */
export interface BucketAddress {
  readonly origin: string
  readonly host: string
  /** Before the key: empty, or `/bucket` in the path. */
  readonly path: string
}

/** What is wanted of Amazon's own endpoints. */
export interface AmazonWishes {
  readonly fips: boolean
  readonly dualStack: boolean
}

/** Amazon's domains besides amazonaws.com, by how the regions of their partitions begin. */
const partitions: readonly (readonly [begins: string, domain: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
]
const domains = ['amazonaws.com', ...partitions.map(([, domain]) => domain)]

const isBelow = (host: string, domain: string): boolean => host.endsWith(`.${domain}`)

const domainOf = (region: string): string =>
  partitions.find(([begins]) => region.startsWith(begins))?.[1] ?? 'amazonaws.com'

/** The same whichever of Amazon's endpoints leads there: a bucket's name is one in the whole partition. */
export const amazonPlace = (region: string): string => `https://s3.${domainOf(region)}`

export const isAmazonHost = (host: string): boolean => domains.some((domain) => isBelow(host, domain))

export function amazonEndpoint(region: string, { fips, dualStack }: AmazonWishes, side: Side): string {
  const domain = domainOf(region)
  if (fips && domain === 'amazonaws.com.cn')
    throw new IndexferryError('CONFIG_INVALID', `Amazon S3 has no FIPS endpoints in ${region}`, {
      side,
      remedy: 'Take AWS_USE_FIPS_ENDPOINT or use_fips_endpoint of the profile away, or name an endpoint.',
    })
  return `https://s3${fips ? '-fips' : ''}${dualStack ? '.dualstack' : ''}.${region}.${domain}`
}

/** Amazon's endpoints that are named: whoever asks for FIPS must not get something else. */
export function refuseWithoutFips(host: string, { fips }: AmazonWishes, side: Side): void {
  if (!fips || !isAmazonHost(host) || host.includes('fips')) return
  throw new IndexferryError('CONFIG_INVALID', `FIPS endpoints are asked for, and ${host} is none`, {
    side,
    remedy: 'Leave the endpoint out, or name one of FIPS such as https://s3-fips.us-east-1.amazonaws.com.',
  })
}

/**
 * s3.eu-west-1.amazonaws.com, s3-fips.dualstack.us-gov-west-1.amazonaws.com, bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com;
 * oss-cn-hangzhou.aliyuncs.com, s3.oss-cn-hangzhou-internal.aliyuncs.com
 */
export function regionInHost(host: string): string | undefined {
  const ofOss = /(?:^|\.)oss-(.+?)(?:-internal)?\.aliyuncs\.com$/.exec(host)?.[1]
  if (ofOss !== undefined) return ofOss
  const domain = domains.find((each) => isBelow(host, each))
  if (domain === undefined) return undefined
  const name = host.slice(0, -domain.length - 1).replace(/\.vpce$/, '')
  return /(?:^|\.)s3(?:-fips)?[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-\d+)$/.exec(name)?.[1]
}

/** s3.amazonaws.com knows every region's buckets, and says where they are: it is no endpoint that has to be kept to. */
export const unlessGlobal = (endpoint: string | undefined): string | undefined =>
  endpoint !== undefined && /^https:\/\/s3\.amazonaws\.com\/?$/.test(endpoint) ? undefined : endpoint

/** A name that can stand in front of the service's, where certificates hold for one name there. */
const isHostName = (bucket: string): boolean => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)

export function isPathStyle({ kind, bucket }: BucketLocation, { pathStyle }: StoreSettings, endpoint: string): boolean {
  if (pathStyle !== 'auto') return pathStyle === 'on'
  if (kind === 'oss') return false
  const { hostname, protocol } = new URL(endpoint)
  if (!isAmazonHost(hostname) && !isBelow(hostname, 'aliyuncs.com')) return true
  return !bucket.split('.').every(isHostName) || (protocol === 'https:' && bucket.includes('.'))
}

export function addressOf(endpoint: string, bucket: string, inPath: boolean): BucketAddress {
  const { protocol, host, pathname } = new URL(endpoint)
  const before = pathname.replace(/\/+$/, '')
  if (inPath) return { origin: `${protocol}//${host}`, host, path: `${before}/${bucket}` }
  return { origin: `${protocol}//${bucket}.${host}`, host: `${bucket}.${host}`.toLowerCase(), path: before }
}

/** What their names end with, behind the last two dashes. */
const otherKinds: Readonly<Record<string, string>> = {
  'x-s3': 'a directory bucket of S3 Express',
  'xa-s3': 'an access point of a directory bucket of S3 Express',
  'op-s3': 'an access point of S3 on Outposts',
  'table-s3': 'a table bucket',
}

/** Buckets of other kinds have endpoints, signatures and lists of their own; as an ordinary bucket they would only not be found. */
export function refuseOtherKinds(bucket: string, side: Side): void {
  const [, end = ''] = /--([a-z0-9]+-s3)$/.exec(bucket) ?? []
  const what = bucket.endsWith('.mrap') ? 'a multi-Region access point' : otherKinds[end]
  if (what === undefined) return
  throw new IndexferryError('LOCATION_INVALID', `${side} bucket ${bucket} is ${what}, which cannot be moved`, {
    side,
    remedy:
      'Only general purpose buckets can be moved: copy the objects into one with `aws s3 sync`, and name that bucket.',
  })
}
