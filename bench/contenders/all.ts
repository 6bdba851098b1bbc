import { bulkLoads } from './bulk-load.ts'
import type { Contender } from './contender.ts'
import { elasticdumps } from './elasticdump.ts'
import { indexferry } from './indexferry.ts'
import { opensearchPy } from './opensearch-py.ts'
import { readAlone } from './read-alone.ts'
import { reindexes } from './reindex.ts'

export const contenders: readonly Contender[] = [
  indexferry,
  ...reindexes,
  ...elasticdumps,
  opensearchPy,
  readAlone,
  ...bulkLoads,
]
