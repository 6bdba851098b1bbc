// Why a repository cannot be used: which node says so and what is missing there.
import type { Cluster } from '../../cluster/cluster.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { explained, type RefusalSubject, subjectOf } from './explain-refusal.ts'

interface Cause {
  readonly when: RegExp
  /** Completes "…: ". */
  readonly cause: (match: RegExpMatchArray) => string
  /** Default: that of the code. */
  readonly remedy?: string
  /** Default REPOSITORY_UNUSABLE. */
  readonly code?: (cluster: Cluster) => ErrorCode
}

const plugins: Readonly<Record<string, string>> = {
  s3: 'repository-s3',
  gcs: 'repository-gcs',
  azure: 'repository-azure',
  hdfs: 'repository-hdfs',
  oss: 'elasticsearch-repository-oss',
  url: 'repository-url',
}

/** The first that fits. Sentences of the servers, of S3 and of OSS. */
const causes: readonly Cause[] = [
  {
    // Elasticsearch 7.12 began to write a `uuid` into index-N, which neither earlier versions nor OpenSearch can read.
    when: /unknown field \[\w+\] found|format requires \w* ?version|unsupported repository format/i,
    cause: () => 'a version wrote it whose repositories this one cannot read',
    code: ({ version }) => (version.flavour === 'opensearch' ? 'RESTORE_OTHER_PRODUCT' : 'RESTORE_TARGET_OLDER'),
  },
  {
    when: /repository type \[(\w+)\] does not exist|[Uu]nknown \[?repository\]? type \[?(\w+)/,
    cause: ([, type, other]) =>
      `the plugin ${plugins[type ?? other ?? ''] ?? `for repositories of type ${type ?? other}`} is missing`,
    remedy: 'Install the plugin on every node of the cluster and restart them one after the other.',
  },
  {
    when: /path\.repo/,
    cause: () => 'the folder is not below one of those in path.repo',
    remedy: 'Set path.repo in the configuration of every master and data node to the shared folder, and restart them.',
  },
  {
    when: /iam:PassRole|PassRole/i,
    cause: () => 'whoever signs the request may not pass the role to the domain',
    remedy: 'Grant iam:PassRole on the role of the snapshots: `indexferry snapshot iam` prints the policy.',
  },
  {
    when: /sts:AssumeRole|AssumeRole|trust relationship|cannot be assumed/i,
    cause: () => 'the domain may not assume the role',
    remedy: 'Let es.amazonaws.com assume the role: `indexferry snapshot iam` prints the trust policy.',
  },
  {
    when: /NoSuchBucket|specified bucket does not exist|bucket (?:\[\S+\] )?(?:does not exist|is not there)/i,
    cause: () => 'the bucket does not exist',
    remedy: 'Check the name of the bucket, its region and the endpoint; repositories make no buckets.',
  },
  {
    when: /InvalidAccessKeyId|Access Key Id you provided|SignatureDoesNotMatch|signature we calculated does not match|Unable to load (?:AWS )?credentials|InvalidAccessKeySecret|ExpiredToken/i,
    cause: () => 'the object store does not accept the credentials of the nodes',
    remedy:
      'Mend the credentials: for s3 in the keystore of every node (s3.client.default.access_key) or the role, for oss in the settings.',
  },
  {
    // What repository-s3 of OpenSearch 3 asks for by itself, and not every S3-compatible service has.
    when: /[Ss]erver-side encryption is not supported|ServerSideEncryption.*NotImplemented/,
    cause: () => 'the object store has no server-side encryption',
    remedy: 'Register it with --setting server_side_encryption_type=bucket_default.',
  },
  {
    when: /PermanentRedirect|AuthorizationHeaderMalformed|expecting '[\w-]+'|The bucket you are attempting to access/i,
    cause: () => 'the bucket is in another region',
    remedy: 'Give the region of the bucket, or the endpoint s3.amazonaws.com for ap-southeast-1 and us-east-1.',
  },
  {
    when: /AccessDenied|Access Denied|not authorized to perform/i,
    cause: () => 'the role or the key may not use the bucket',
    remedy:
      'Grant s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects: `indexferry snapshot iam` prints the policy.',
  },
  {
    when: /UnknownHost|Connection refused|Connect to .* failed|connect timed out|SocketTimeout/i,
    cause: () => 'the nodes do not reach the object store',
    remedy: 'Check the endpoint in the settings, and that every node may connect to it.',
  },
  {
    when: /a file written by (?:master|cluster_?manager)|store location \[.*is not accessible|cannot be accessed on the node/i,
    cause: () => 'not every node sees the same folder',
    remedy: 'Mount the shared folder at the same path on every master and data node.',
  },
  {
    when: /is not accessible on (?:master|cluster[- ]manager) node|AccessDeniedException|Read-only file system|Permission denied/i,
    cause: () => 'the nodes may not write there',
    remedy: 'Give the user of the servers the right to write, or register it with --readonly where it is only read.',
  },
  {
    when: /Could not determine repository generation|Ambiguous|corrupted|index-N/i,
    cause: () => 'what lies there is no whole snapshot repository',
    remedy: 'Move the repository again, whole: `indexferry object copy` takes its index last.',
  },
]

/** An error of the connection or of the user's privileges stays what it is, unless it tells of a role. */
export function explainRepository(cluster: Cluster, repository: string, error: unknown): unknown {
  if (!(error instanceof IndexferryError)) return error
  const { reason, status } = error.fields
  const isRefusal = error.code === 'REQUEST_REFUSED' || error.code === 'PRIVILEGE_MISSING'
  if (typeof reason !== 'string' || !(isRefusal || error.code === 'CLUSTER_BUSY')) return error
  const cause = causes.find(({ when }) => when.test(reason))
  if (!cause && (error.code !== 'REQUEST_REFUSED' || !/repository/.test(`${error.fields.errorType}${reason}`)))
    return error
  const match = cause ? reason.match(cause.when) : null
  const nodes = nodesIn(reason)
  const where = nodes.length > 0 ? ` (told by ${nodes.join(', ')})` : ''
  const why = cause && match ? `${cause.cause(match)}: ` : ''
  return new IndexferryError(
    cause?.code?.(cluster) ?? 'REPOSITORY_UNUSABLE',
    `${subjectOf(cluster)}: the repository ${repository} cannot be used${where}: ${why}${reason}`,
    {
      side: cluster.side,
      ...(cause?.remedy === undefined ? {} : { remedy: cause.remedy }),
      fields: { repository, status: status ?? null, nodes: nodes.join(', ') },
      cause: error,
    },
  )
}

/** `RemoteTransportException[[node-1][10.0.0.1:9300][…]]` and `{node-1}{id}{…}` name the node. */
function nodesIn(reason: string): string[] {
  const names = [
    ...reason.matchAll(/RemoteTransportException\[\[([^\]]+)\]/g),
    ...reason.matchAll(/(?:node|on) \[?\{([^}]+)\}\{/g),
  ].map(([, name]) => name as string)
  return [...new Set(names)]
}

/** Runs a call that reads or writes the repository, and throws what its failure means. */
export async function whileUsing<Result>(
  cluster: Cluster,
  subject: RefusalSubject,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await explained(cluster, subject, call)
  } catch (error) {
    throw explainRepository(cluster, subject.repository, error)
  }
}
