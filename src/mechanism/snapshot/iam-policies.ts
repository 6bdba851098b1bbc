// The policies that an Amazon domain needs for snapshots in a bucket of one's own, as documents 002 and 003 print them, filled in.
import { IndexferryError } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'

export interface IamRequest {
  readonly bucket: string
  /** Of the role that the domain assumes. */
  readonly roleArn?: string | undefined
  readonly domainArn?: string | undefined
  /** Default: that of the ARNs, else `aws`. */
  readonly partition?: 'aws' | 'aws-cn' | undefined
}

export interface IamPolicies {
  /** Of the role: who may assume it. */
  readonly trustPolicy: JsonObject
  /** Of the role: what it may do with the bucket. */
  readonly bucketPolicy: JsonObject
  /** Of the user or role that signs the registration. */
  readonly passRolePolicy: JsonObject
  /** What was not given and has to be put in. */
  readonly blanks: readonly string[]
}

const version = '2012-10-17'

export function iamPolicies(request: IamRequest): IamPolicies {
  const { bucket, roleArn, domainArn } = request
  checkBucket(bucket)
  const partition = partitionOf(request)
  const role = roleArn ?? `arn:${partition}:iam::ACCOUNT:role/SNAPSHOT-ROLE`
  const domain = domainArn ?? `arn:${partition}:es:REGION:ACCOUNT:domain/DOMAIN`
  const bucketArn = `arn:${partition}:s3:::${bucket}`
  const allow = (action: string | string[], resource: string | string[]): JsonObject => ({
    Action: action,
    Effect: 'Allow',
    Resource: resource,
  })
  return {
    trustPolicy: {
      Version: version,
      Statement: [
        // The service has this name in China, too.
        { Sid: '', Effect: 'Allow', Principal: { Service: 'es.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    bucketPolicy: {
      Version: version,
      Statement: [
        allow(['s3:ListBucket'], [bucketArn]),
        allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [`${bucketArn}/*`]),
      ],
    },
    passRolePolicy: {
      Version: version,
      Statement: [allow('iam:PassRole', role), allow('es:ESHttpPut', `${domain}/*`)],
    },
    blanks: [
      ...(roleArn ? [] : ['ACCOUNT', 'SNAPSHOT-ROLE']),
      ...(domainArn ? [] : ['REGION', 'ACCOUNT', 'DOMAIN']),
    ].filter((blank, at, all) => all.indexOf(blank) === at),
  }
}

function checkBucket(bucket: string): void {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return
  throw new IndexferryError('USAGE', `"${bucket}" is not the name of an S3 bucket`, {
    remedy: 'Give the name alone, without s3:// and without a path.',
  })
}

function partitionOf({ roleArn, domainArn, partition }: IamRequest): 'aws' | 'aws-cn' {
  const found = [
    ['role', roleArn, 'iam'],
    ['domain', domainArn, 'es'],
  ] as const
  const partitions = new Set(partition === undefined ? [] : [partition])
  for (const [what, arn, service] of found) {
    if (arn === undefined) continue
    const match = /^arn:(aws|aws-cn):(\w+):/.exec(arn)
    if (match?.[2] !== service) {
      throw new IndexferryError('USAGE', `"${arn}" is not the ARN of a ${what}`, {
        remedy: `Write it as arn:aws:${service === 'iam' ? 'iam::123456789012:role/NAME' : 'es:REGION:123456789012:domain/NAME'}.`,
      })
    }
    partitions.add(match[1] as 'aws' | 'aws-cn')
  }
  if (partitions.size > 1) {
    throw new IndexferryError('USAGE', 'the ARNs are of different partitions (aws and aws-cn)', {
      remedy: 'Role, domain and bucket have to be in the same one.',
    })
  }
  const [only = 'aws'] = partitions
  return only
}
