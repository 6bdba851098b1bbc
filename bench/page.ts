// docs/benchmarks.md, and the same text for the terminal.
import type { Results } from './benchmark.ts'
import { elasticdumpVersion } from './contenders/elasticdump.ts'
import { opensearchPyVersion } from './contenders/opensearch-py.ts'
import { fidelityTable, figureTable, serversTable, speedTable, verifyTable } from './tables.ts'

/** The measured part alone. */
export function describeResults(results: Results): string {
  const sets = results.sets.flatMap((set) => [
    `## ${set.title}: ${set.count.toLocaleString('en-US')} documents`,
    speedTable(results, set),
    serversTable(results, set),
  ])
  return [
    ...(results.sets.length === 0 ? [] : ['## Figures to reach', figureTable(results), ...sets]),
    ...(results.sets.length === 0 ? [] : ['## Verifying', verifyTable(results)]),
    ...(results.fidelity.length === 0 ? [] : ['## Difficult JSON', fidelityTable(results)]),
    ...results.missing.map(({ contender, reason }) => `${contender.title} did not take part: ${reason}.`),
  ].join('\n\n')
}

export function renderPage(results: Results, today: string): string {
  return `<!-- Written by \`npm run bench -- --write\`. Run that to change it. -->

# Benchmarks

Measured on ${today} by

    npm run bench${results.options.words.length === 0 ? '' : ` -- ${results.options.words.join(' ')}`}

on this machine:

${results.machine.lines.map((line) => `- ${line}`).join('\n')}

## How it is measured

All of it is one run. Every tool copies every set of documents once to warm up, which does not count, and then
${results.options.rounds} times, in a different order in each round. Rates, CPU and ratios are medians; a ratio is taken between two runs of the
same round first. Memory is the most that was seen. Before each run the target's index is made anew with one shard, no replicas and no refresh
(indexferry makes it itself), and the servers have come to rest. The time of a tool is that of its whole process, from start to exit; that
of \`_reindex\` is that of its request. After each run every document of the target is compared with what it should be: id, routing and
every byte of its source.

The commands, S and T being the source's and the target's URL, I the index:

    indexferry copy S/I T --json --state FOLDER
    indexferry verify S/I T --json --state FOLDER
    indexferry serve --cluster T --config FILE --state FOLDER          POST /_reindex?slices=auto {"source":{"remote":{"host":S},"index":I},"dest":{"index":I}}
    POST T/_reindex {"source":{"remote":{"host":S,"socket_timeout":"5m"},"index":I,"size":SIZE},"dest":{"index":I}}
    elasticdump --input=S/I --output=T/I --type=data --limit=5000 --noRefresh            (large documents: --limit=100)
    elasticdump --input=S/I --output=T/I --type=data --limit=5000 --noRefresh --concurrency=4
    elasticdump --input=S/I --output=T/I --type=data
    python3 bench/contenders/opensearch-py-copy.py                                       (pages of 5000; large documents: 100)

elasticdump is version ${elasticdumpVersion}, opensearch-py ${opensearchPyVersion}. Reading alone asks for ranges of sequence numbers over two
connections and throws the answers away. Bulk loading alone sends bodies of 2 MB that were made before its clock started.

${describeResults(results)}
`
}
