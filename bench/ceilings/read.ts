// Reads all documents of an index and throws them away: how fast could a copy be if writing were free?
//
//     node read.ts URL SET COUNT
//
// The index was filled in one go and never changed, so its sequence numbers are 0 to COUNT - 1.
import { setWith } from '../data-sets.ts'
import { HttpClient } from '../http.ts'
import { measureSelf } from './measure-self.ts'

const pageBytes = 5_000_000
const connections = 2

const [url = '', name = '', count = ''] = process.argv.slice(2)
const set = setWith(name, Number(count))
using http = new HttpClient(url, connections)
const page = Math.max(1, Math.min(10_000, Math.floor(pageBytes / set.source(0).length)))

await measureSelf(async () => {
  const next = Array.from({ length: Math.ceil(set.count / page) }, (_, number) => number * page).values()
  const readAll = async () => {
    for (const from of next) {
      await http.bytes({
        method: 'POST',
        path: `/${name}/_search`,
        body: {
          size: page,
          query: { range: { _seq_no: { gte: from, lt: from + page } } },
          sort: ['_doc'],
          track_total_hits: false,
        },
      })
    }
  }
  await Promise.all(Array.from({ length: connections }, readAll))
})
