// What the documents of a `_reindex` call look like in bulk requests.
import type { Cluster } from '../../cluster/cluster.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import type { BulkForm } from '../../target/bulk-body.ts'

export function bulkFormOf(request: ReindexRequest, target: Cluster, documentType: string | undefined): BulkForm {
  const { opType, versionType, routing } = request.dest
  const { capabilities } = target
  return {
    operation: opType,
    versionBase: undefined,
    ownVersions: versionType === 'internal' ? undefined : versionType,
    routing: routing === 'keep' ? undefined : routing === 'discard' ? routing : { value: routing.slice(1) },
    sendsParent: capabilities.parentField,
    sendsType: documentType === undefined && capabilities.mappingTypes === 'several',
    sendsIndex: false,
  }
}
