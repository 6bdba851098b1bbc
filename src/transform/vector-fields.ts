// Vectors: dense_vector of Elasticsearch and knn_vector of OpenSearch's k-NN plugin, one as the other.
import { isJsonObject, type JsonObject } from '../model/json.ts'

// Elasticsearch's `cosine` wants no zero vectors, as `cosinesimil` does; `dot_product` wants unit vectors.
const spaces: Readonly<Record<string, string>> = {
  l2_norm: 'l2',
  cosine: 'cosinesimil',
  dot_product: 'innerproduct',
  max_inner_product: 'innerproduct',
  hamming: 'hamming',
}
const similarities: Readonly<Record<string, string>> = {
  l2: 'l2_norm',
  cosinesimil: 'cosine',
  innerproduct: 'max_inner_product',
  hamming: 'l2_norm',
}
const dataTypes: Readonly<Record<string, string>> = { byte: 'byte', bit: 'binary' }
const elementTypes: Readonly<Record<string, string>> = { byte: 'byte', binary: 'bit' }

export function vectorAsKnn(field: JsonObject): JsonObject {
  const options = isJsonObject(field.index_options) ? field.index_options : {}
  const parameters = {
    ...(typeof options.m === 'number' ? { m: options.m } : {}),
    ...(typeof options.ef_construction === 'number' ? { ef_construction: options.ef_construction } : {}),
  }
  const knn: JsonObject = { type: 'knn_vector', dimension: field.dims ?? null }
  const dataType = dataTypes[String(field.element_type)]
  if (dataType) knn.data_type = dataType
  // Without a method the plugin builds one of its own choice; a field that was not indexed needs none.
  if (field.index !== false) {
    const byDefault = dataType === 'binary' ? 'hamming' : 'cosinesimil'
    const space = dataType === 'binary' ? 'hamming' : (spaces[String(field.similarity)] ?? byDefault)
    knn.method = {
      name: 'hnsw',
      // nmslib is refused by OpenSearch 3, and byte vectors are taken by lucene in every version that has them.
      engine: dataType === 'binary' ? 'faiss' : 'lucene',
      space_type: space,
      ...(Object.keys(parameters).length ? { parameters } : {}),
    }
  }
  return knn
}

export function vectorAsDense(field: JsonObject): JsonObject {
  const method = isJsonObject(field.method) ? field.method : {}
  const parameters = isJsonObject(method.parameters) ? method.parameters : {}
  const space = String(method.space_type ?? field.space_type ?? 'l2')
  const dense: JsonObject = { type: 'dense_vector', index: true, similarity: similarities[space] ?? 'l2_norm' }
  if (field.dimension !== undefined) dense.dims = field.dimension
  const elementType = elementTypes[String(field.data_type)]
  if (elementType) dense.element_type = elementType
  if (typeof parameters.m === 'number' && typeof parameters.ef_construction === 'number') {
    dense.index_options = { type: 'hnsw', m: parameters.m, ef_construction: parameters.ef_construction }
  }
  return dense
}
