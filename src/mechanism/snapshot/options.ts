// What can be said about repositories, snapshots and restores on clusters.
import {
  choice,
  duration,
  fileName,
  flag,
  jsonObject,
  option,
  optionWithDefault,
  pair,
  repeatable,
  secret,
  text,
} from '../../foundation/option.ts'

const commands = ['snapshot'] as const

export const snapshotOptions = {
  side: option(choice('source', 'target'), {
    commands,
    help: 'Which connection options belong to CLUSTER: those of the source or those of the target.',
    defaultText: 'target for `restore`, else source',
  }),
  type: option(text, {
    commands,
    help: 'Type of the repository: s3, oss, fs, gcs, azure, hdfs or what a plugin brings.',
    placeholder: 'TYPE',
    example: 's3',
    defaultText: 'fs with --location, else s3',
  }),
  bucket: option(text, { commands, help: 'Bucket that the snapshots are in.', placeholder: 'BUCKET' }),
  basePath: option(text, {
    commands,
    help: 'Folder in the bucket, without a slash before it.',
    placeholder: 'PATH',
    example: 'my/snapshot/directory',
  }),
  location: option(text, {
    commands,
    help: 'Shared folder of an fs repository, below one of those in path.repo of every node.',
    placeholder: 'FOLDER',
    example: '/srv/snapshots',
  }),
  region: option(text, {
    commands,
    help: 'Region of the bucket. With --role-arn, ap-southeast-1 and us-east-1 are written as the endpoint s3.amazonaws.com, as Amazon domains want it.',
    placeholder: 'REGION',
  }),
  endpoint: option(text, {
    commands,
    help: 'Address of the object store as the nodes of the cluster reach it.',
    placeholder: 'URL',
    example: 'http://oss-cn-hangzhou-internal.aliyuncs.com',
  }),
  roleArn: option(text, {
    commands,
    help: 'Role with which an Amazon domain uses the bucket. The registration must be signed (--source-sigv4-region) by somebody who may pass it.',
    placeholder: 'ARN',
    example: 'arn:aws:iam::123456789012:role/TheSnapshotRole',
  }),
  serverSideEncryption: flag({ commands, help: 'Encrypt the objects with keys of S3.' }),
  cannedAcl: option(text, { commands, help: 'Canned ACL of the objects.', placeholder: 'ACL', example: 'private' }),
  accessKeyId: option(text, {
    commands,
    help: 'Access key for the nodes of the cluster, for types that have it among their settings (oss).',
    placeholder: 'ID',
  }),
  secretAccessKey: secret({ commands, help: 'Secret of the access key for the nodes of the cluster.' }),
  readonly: flag({
    commands,
    help: 'The cluster only reads the repository: for the side that restores from a repository that another one writes.',
  }),
  setting: repeatable(pair('NAME=VALUE', 'storage_class=standard_ia'), {
    commands,
    help: 'Further setting of the repository, as its type knows it; wins over the other options.',
    example: 'compress=true',
  }),
  replace: flag({ commands, help: 'Register it although a repository of this name is there with other settings.' }),
  skipVerification: flag({ commands, help: 'Do not ask the nodes whether they can use the repository.' }),
  movedTo: option(text, {
    commands,
    help: 'Where the snapshots were moved to: refused unless the repository leads there.',
    placeholder: 'LOCATION',
    example: 'oss://eric-oss-aws-es-snapshot-s3/my/snapshot/directory',
  }),
  indices: option(text, {
    commands,
    help: 'Indexes to take or to restore: names, patterns and exclusions with commas between them.',
    placeholder: 'INDICES',
    defaultText: 'all',
  }),
  exclude: repeatable(text, { commands, help: 'Index or pattern to leave out.', placeholder: 'INDEX' }),
  body: option(fileName, {
    commands,
    help: 'File with the JSON body of the request, as documents print it. "indexes" is read as "indices"; options win.',
  }),
  globalState: option(choice('on', 'off'), {
    commands,
    help: 'Take or restore the state of the cluster (settings, templates, pipelines) as well.',
    defaultText: 'on when taken, off when restored, as the servers have it',
  }),
  partial: flag({
    commands,
    help: 'Take what is there although shards are missing, or restore a snapshot that lacks some; those begin empty.',
  }),
  ignoreUnavailable: flag({ commands, help: 'Names that are not there are no error.' }),
  featureState: repeatable(text, {
    commands,
    help: 'Feature whose state is taken or restored; none for no feature. Elasticsearch 7.12 and newer.',
    placeholder: 'FEATURE',
  }),
  metadata: option(jsonObject, {
    commands,
    help: 'Facts that are kept with the snapshot. Elasticsearch 7.3 and newer, OpenSearch.',
    example: `'{"taken_because":"migration"}'`,
  }),
  detach: flag({ commands, help: 'Begin the snapshot and do not wait for its end; `status` shows it.' }),
  watch: flag({ commands, help: 'Show the status until the snapshot is at its end.' }),
  sizes: flag({ commands, help: 'Ask for the size of every snapshot, which takes a while in large repositories.' }),
  yes: flag({ commands, help: 'Delete without being asked again.' }),
  overExisting: flag({
    commands,
    help: 'Restore over open indexes of the same name: they are closed meanwhile and open afterwards, also when something fails.',
  }),
  renamePattern: option(text, {
    commands,
    help: 'Regular expression for names of indexes; what fits it is replaced by --rename-replacement.',
    placeholder: 'REGEXP',
    example: '"(.+)"',
  }),
  renameReplacement: option(text, {
    commands,
    help: 'What stands in place of what fits --rename-pattern; $1 is its first group.',
    placeholder: 'TEXT',
    example: '"restored-$1"',
  }),
  indexSetting: repeatable(pair('NAME=VALUE', 'number_of_replicas=0'), {
    commands,
    help: 'Setting that the restored indexes get instead of their own.',
    example: 'number_of_replicas=0',
  }),
  ignoreIndexSetting: repeatable(text, {
    commands,
    help: 'Setting that stays behind.',
    placeholder: 'NAME',
    example: 'index.refresh_interval',
  }),
  withoutAliases: flag({ commands, help: 'Do not restore aliases.' }),
  live: option(text, {
    commands,
    help: 'The cluster that the snapshot is of, if it still answers: it tells early what the target cannot open, and what --relax has to put back.',
    placeholder: 'CLUSTER',
    example: 'https://old.example.com:9200',
  }),
  relax: flag({
    commands,
    help: 'Restore without replicas and refresh, and put both back when every shard is there. Needs --live.',
  }),
  stalledAfter: optionWithDefault(duration, 300_000, {
    commands,
    help: 'How long shards may wait without a step before the restore is given up.',
  }),
  waitForOthers: optionWithDefault(duration, 600_000, {
    commands,
    help: 'How long to wait for other snapshots and restores, where the cluster does one at a time; at most a minute while indexes are closed.',
  }),
  domainArn: option(text, {
    commands,
    help: 'Amazon domain that takes the snapshots, for the policies.',
    placeholder: 'ARN',
    example: 'arn:aws:es:ap-southeast-1:123456789012:domain/movies',
  }),
  partition: option(choice('aws', 'aws-cn'), {
    commands,
    help: 'Partition of the policies.',
    defaultText: 'that of the ARNs, else aws',
  }),
}
