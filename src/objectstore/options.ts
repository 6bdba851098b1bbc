// What can be said about object stores: how each side is reached, how objects are written, and what is moved.
import {
  between,
  byteSize,
  choice,
  count,
  fileName,
  flag,
  option,
  optionWithDefault,
  secret,
  text,
  type ValueType,
} from '../foundation/option.ts'
import { formatByteSize } from '../foundation/quantity.ts'

const commands = ['object'] as const

const pointInTime: ValueType<number> = {
  name: 'special',
  placeholder: 'TIME',
  expects: 'a time such as 2026-03-01T12:00:00Z, or seconds since 1970',
  parse: (value) => {
    if (/^\d{1,11}$/.test(value)) return Number(value) * 1000
    const ms = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN
    return Number.isNaN(ms) ? undefined : ms
  },
}

/** Of one side: --source-… and --target-…. */
export const storeOptions = {
  endpoint: option(text, {
    commands,
    help: 'Address of an S3-compatible service, where it is not in the location.',
    placeholder: 'URL',
    example: 'https://minio:9000',
  }),
  region: option(text, {
    commands,
    help: 'Region of the bucket.',
    placeholder: 'REGION',
    example: 'ap-southeast-1',
    defaultText: 'AWS_REGION, the region of the profile, else us-east-1; cn-hangzhou for OSS',
  }),
  pathStyle: optionWithDefault(choice('auto', 'on', 'off'), 'auto', {
    commands,
    help: 'Put the bucket into the path of the URL instead of the host name. `auto` does for every endpoint that is not of Amazon or Alibaba.',
  }),
  signature: optionWithDefault(choice('auto', 's3', 'oss'), 'auto', {
    commands,
    help: 'Sign requests as Amazon S3 or as Alibaba OSS does. `auto` does as OSS for oss:// unless the endpoint begins with s3.',
  }),
  accessKeyId: option(text, {
    commands,
    help: 'Access key of this side, instead of the one that the environment or a profile has.',
    placeholder: 'ID',
  }),
  secretAccessKey: secret({ commands, help: 'Secret of the access key of this side.' }),
  sessionToken: secret({ commands, help: 'Session token that belongs to the access key of this side.' }),
  profile: option(text, {
    commands,
    help: 'Profile of the AWS or Alibaba Cloud configuration files that credentials come from.',
    placeholder: 'NAME',
  }),
  role: option(text, {
    commands,
    help: 'AWS role to assume with the credentials that were found.',
    placeholder: 'ARN',
    example: 'arn:aws:iam::123456789012:role/backup-reader',
  }),
  metadataCredentials: flag({
    commands,
    help: 'Ask the metadata service of this AWS machine or container for credentials when nothing else has any.',
  }),
  anonymous: flag({ commands, help: 'Send requests without a signature, for public buckets.' }),
  requesterPays: flag({ commands, help: 'Accept the costs of a bucket whose requester pays.' }),
}

export const objectOptions = {
  ossimportJob: option(fileName, {
    commands,
    help: 'Take source, target and what is to be done from a local_job.cfg of ossimport.',
    example: 'conf/local_job.cfg',
  }),
  skipExisting: flag({
    commands,
    help: 'Leave out objects that the target has in the same size and not older than the source. Without it every object is written again.',
  }),
  checksum: flag({
    commands,
    help: 'With --skip-existing: leave out objects with the same size and content instead. Reads both sides where the ETag is no checksum.',
  }),
  deleteExtra: flag({
    commands,
    help: 'Delete objects from the target that the source does not have, after everything was copied.',
  }),
  since: option(pointInTime, {
    commands,
    help: 'Only objects of the source that were modified at this time or later.',
    example: '2026-03-01T12:00:00Z',
  }),
  level: optionWithDefault(choice('simple', 'general', 'detailed'), 'general', {
    commands,
    help: 'What an audit compares: `simple` names and sizes, `general` times and ETags as well, `detailed` the whole content.',
  }),
  exact: flag({ commands, help: 'In an audit, objects that only the target has are differences, too.' }),
  differencesMax: optionWithDefault(count, 1000, {
    commands,
    help: 'Differences that an audit lists; all are counted.',
    check: between(0, 1_000_000),
  }),
  transfers: optionWithDefault(count, 16, {
    commands,
    help: 'Objects or parts of objects on their way at the same time.',
    check: between(1, 256),
  }),
  partSize: optionWithDefault(byteSize, 64 * 1024 * 1024, {
    commands,
    help: 'Objects larger than this go in parts of this size. Parts grow by themselves where 10,000 would not do.',
    check: between(5 * 1024 * 1024, 5 * 1024 ** 3, formatByteSize),
  }),
  serverSide: optionWithDefault(choice('auto', 'on', 'off'), 'auto', {
    commands,
    help: 'Let the store copy by itself where one store with the same credentials holds both sides.',
  }),
  rounds: optionWithDefault(count, 5, {
    commands,
    help: 'How often a snapshot repository that changes meanwhile is looked through again before the move gives up.',
    check: between(1, 1000),
  }),
  storageClass: option(text, {
    commands,
    help: 'Storage class of the objects that are written.',
    placeholder: 'CLASS',
    example: 'STANDARD_IA',
  }),
  acl: option(text, {
    commands,
    help: 'Canned ACL of the objects that are written.',
    placeholder: 'ACL',
    example: 'bucket-owner-full-control',
  }),
  encryption: option(choice('AES256', 'aws:kms'), {
    commands,
    help: 'Server-side encryption of the objects that are written.',
  }),
  encryptionKey: option(text, {
    commands,
    help: 'Key of --encryption aws:kms.',
    placeholder: 'KEY',
    defaultText: 'the key of the bucket',
  }),
}
