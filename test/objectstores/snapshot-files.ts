// The files of a snapshot repository by their names, as Elasticsearch 7 and OpenSearch lay them out; the content is the test's.
export interface SnapshotFiles {
  readonly [key: string]: string
}

/** The state after snapshot number `generation`: blobs and metadata of all until then, the index of this one. */
export function repositoryFiles(generation: number, blobs = 12): SnapshotFiles {
  const files: Record<string, string> = {}
  for (let snapshot = 0; snapshot <= generation; snapshot++) {
    files[`snap-uuid${snapshot}.dat`] = `snapshot ${snapshot}`
    files[`meta-uuid${snapshot}.dat`] = `global metadata ${snapshot}`
    files[`indices/idx/meta-uuid${snapshot}.dat`] = `index metadata ${snapshot}`
    files[`indices/idx/0/snap-uuid${snapshot}.dat`] = `shard snapshot ${snapshot}`
    for (let blob = 0; blob < blobs; blob++)
      files[`indices/idx/0/__blob${snapshot}-${blob}`] = `content ${snapshot} ${blob}`
  }
  files[`indices/idx/0/index-shard${generation}`] = `shard index ${generation}`
  files[`index-${generation}`] = `index ${generation}`
  files['index.latest'] = `latest ${String(generation).padStart(2)}`
  return files
}
