// Loads the documents of a set into an index, and nothing else: how fast could a copy be if reading were free?
//
//     node load.ts URL SET COUNT CONNECTIONS
//
// The bodies are made before the clock starts; the answers are not read further than to their first field.
import { bulkBodies } from '../bulk-bodies.ts'
import { setWith } from '../data-sets.ts'
import { HttpClient } from '../http.ts'
import { measureSelf } from './measure-self.ts'

const bodyBytes = 2_000_000

const [url = '', name = '', count = '', connections = ''] = process.argv.slice(2)
const set = setWith(name, Number(count))
using http = new HttpClient(url, Number(connections))
const bodies = [...bulkBodies(set, bodyBytes)]

await measureSelf(async () => {
  const next = bodies.values()
  const sendAll = async () => {
    for (const { body } of next) {
      const answer = await http.bytes({ method: 'POST', path: `/${name}/_bulk?filter_path=errors`, body })
      if (answer.toString() !== '{"errors":false}') throw new Error(`the target refused documents: ${answer}`)
    }
  }
  await Promise.all(Array.from({ length: Number(connections) }, sendAll))
})
