// Repositories on clusters: register, list, clean up, and delete what is in them; and the policies that Amazon wants for them.
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { iamPolicies } from '../../mechanism/snapshot/iam-policies.ts'
import {
  cleanUpRepository,
  deleteSnapshot,
  listRepositories,
  listSizedSnapshots,
} from '../../mechanism/snapshot/manage-snapshots.ts'
import { registerRepository } from '../../mechanism/snapshot/register-repository.ts'
import type { RepositoryDefinition } from '../../mechanism/snapshot/repository-settings.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { parseObjectLocation } from '../../model/object-location.ts'
import { formatBytes, formatCount } from './format.ts'
import { printJson, printResult } from './print.ts'
import type { SnapshotCall, SnapshotValues } from './snapshot.ts'
import { readBody, settingsOf } from './snapshot-body.ts'
import { describeRegistered, repositoryTable, snapshotTable } from './snapshot-text.ts'

export async function runRegister({ values, cluster, repository, note }: SnapshotCall): Promise<number> {
  const { snapshots, engine } = values
  const registered = await registerRepository(cluster, {
    repository: repository as string,
    definition: definitionOf(snapshots),
    replace: snapshots.replace,
    verify: !snapshots.skipVerification,
    moved: snapshots.movedTo === undefined ? undefined : parseObjectLocation(snapshots.movedTo, 'TARGET'),
    note,
  })
  if (engine.json) printJson(registered)
  else if (!engine.quiet) printResult(describeRegistered(registered))
  return exitCodes.done
}

function definitionOf(values: SnapshotValues['snapshots']): RepositoryDefinition {
  const body = readBody(values.body)
  const fromBody = isJsonObject(body.settings) ? body.settings : {}
  const settings: JsonObject = { ...fromBody }
  const own = {
    bucket: values.bucket,
    base_path: values.basePath,
    location: values.location,
    region: values.region,
    endpoint: values.endpoint,
    role_arn: values.roleArn,
    canned_acl: values.cannedAcl,
    access_key_id: values.accessKeyId,
    secret_access_key: values.secretAccessKey,
    server_side_encryption: values.serverSideEncryption || undefined,
    readonly: values.readonly || undefined,
  }
  for (const [name, value] of Object.entries(own)) if (value !== undefined) settings[name] = value
  const type =
    values.type ?? (typeof body.type === 'string' ? body.type : settings.location === undefined ? 's3' : 'fs')
  return { type, settings: { ...settings, ...settingsOf(values.setting) } }
}

export async function runList({ values, cluster, repository, signal }: SnapshotCall): Promise<number> {
  const { engine } = values
  if (repository === undefined) {
    const repositories = await listRepositories(cluster)
    if (engine.json) printJson({ repositories })
    else printResult(repositoryTable(repositories))
    return exitCodes.done
  }
  const snapshots = await listSizedSnapshots(cluster, repository, { sizes: values.snapshots.sizes, signal })
  if (engine.json) printJson({ repository, snapshots })
  else printResult(snapshotTable(snapshots))
  return exitCodes.done
}

export async function runDelete({
  values,
  cluster,
  repository,
  snapshot,
  signal,
  note,
}: SnapshotCall): Promise<number> {
  const { engine } = values
  if (!values.snapshots.yes) {
    throw new IndexferryError('USAGE', `the snapshot ${snapshot} would be deleted for good from ${repository}`, {
      remedy: 'Write --yes, if that is what you want.',
    })
  }
  const isDeleted = await deleteSnapshot(cluster, repository as string, snapshot as string, {
    forMs: values.snapshots.waitForOthers,
    signal,
    note,
  })
  if (engine.json) printJson({ repository, snapshot, deleted: isDeleted })
  else if (!engine.quiet) printResult(isDeleted ? `deleted ${snapshot}` : `${snapshot} was not there`)
  return exitCodes.done
}

export async function runCleanup({ values, cluster, repository, signal, note }: SnapshotCall): Promise<number> {
  const wait = { forMs: values.snapshots.waitForOthers, signal, note }
  const cleaned = await cleanUpRepository(cluster, repository as string, wait)
  if (values.engine.json) printJson({ repository, ...cleaned })
  else if (!values.engine.quiet) {
    printResult(`removed ${formatCount(cleaned.deletedBlobs)} objects (${formatBytes(cleaned.deletedBytes)})`)
  }
  return exitCodes.done
}

/** The policies are the result, with or without --json; what they are for goes before each as a line of its own. */
export async function runIam({ snapshots, engine }: SnapshotValues): Promise<number> {
  const { bucket, roleArn, domainArn, partition } = snapshots
  if (bucket === undefined) {
    throw new IndexferryError('USAGE', '`indexferry snapshot iam` needs the bucket', {
      remedy: 'Write it as in: indexferry snapshot iam --bucket eric-es-index-backups',
    })
  }
  const policies = iamPolicies({ bucket, roleArn, domainArn, partition })
  if (engine.json) {
    printJson(policies)
    return exitCodes.done
  }
  const parts = [
    ['Trust policy of the role that the domain assumes', policies.trustPolicy],
    ['Policy of that role: what it may do with the bucket', policies.bucketPolicy],
    ['Policy of whoever registers the repository', policies.passRolePolicy],
  ] as const
  printResult(parts.map(([title, policy]) => `# ${title}\n${JSON.stringify(policy, null, 2)}`).join('\n\n'))
  if (policies.blanks.length > 0) printResult(`\n# Put in: ${policies.blanks.join(', ')}`)
  return exitCodes.done
}
