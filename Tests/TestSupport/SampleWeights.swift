/// A safetensors file made for a test.
package struct SampleWeights {
  /// The name as JSON text, the dtype as the format spells it, and the shape. `U8%4` is U8 with values below 4, for an
  /// owner map.
  package typealias Row = (name: String, dtype: String, shape: [Int])

  private static let bits = [
    "C64": 64, "F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "BF16": 16, "F16": 16,
    "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "U8": 8, "I8": 8, "BOOL": 8, "F6_E2M3": 6, "F4": 4,
  ]

  /// The file's bytes; the data is from a seeded generator, so that no two tensors are equal.
  package static func bytes(_ rows: [Row], seed: UInt64 = 1) -> [UInt8] {
    var entries: [String] = []
    var end = 0
    var owners: [(range: Range<Int>, limit: UInt8)] = []
    for row in rows {
      let start = end
      let dtype = row.dtype.split(separator: "%")
      end += row.shape.reduce(bits[String(dtype[0])] ?? 8, *) / 8
      if dtype.count > 1, let limit = UInt8(dtype[1]) { owners.append((start..<end, limit)) }
      entries.append(
        #""\#(row.name)":{"dtype":"\#(dtype[0])","shape":\#(row.shape),"data_offsets":[\#(start),\#(end)]}"#)
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    var generator = SeededGenerator(seed: seed)
    let words = (0..<(end + 7) / 8).map { _ in generator.next() }
    var data = words.withUnsafeBytes { Array($0.prefix(end)) }
    for (range, limit) in owners { for place in range { data[place] %= limit } }
    return length + header + data
  }

  /// Pairs of matrices that share an axis of 64 channels, `megabytes` in total.
  package static func pairs(megabytes: Int, seed: UInt64 = 1) -> [UInt8] {
    let width = megabytes * 1_000_000 / 4 / 2 / 2 / 64
    return bytes(
      [
        ("layer0.up", "F32", [64, width]), ("layer0.down", "F32", [width, 64]),
        ("layer1.up", "F32", [64, width]), ("layer1.down", "F32", [width, 64]),
      ], seed: seed)
  }

  /// The plan that cuts the weights of `pairs` into three unequal units.
  package static let pairsPlan = """
    { "format": "tessera.plan/1", "units": 3,
      "axes": { "ffn{}": { "size": 64, "units": [30, 20, 14] } },
      "tensors": [ { "match": "layer{}.up", "axes": ["ffn{}", null] },
                   { "match": "layer{}.down", "axes": [null, "ffn{}"] } ],
      "tasks": [ { "name": "t", "order": [2, 0, 1], "levels": [1, 3] } ] }

    """
}
