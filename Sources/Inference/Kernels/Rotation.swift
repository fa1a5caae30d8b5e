internal import ONNXGraph

/// Rotary position embedding: the first `turned` elements of each vector are pairs (a, b), which become (a · cos − b ·
/// sin, b · cos + a · sin); all others stay.
///
/// Pair number i is elements i and i + turned/2, or 2i and 2i + 1 if pairs are interleaved. Its cosine and sine are in
/// column i of the tables, in the row of the vector's position.
struct Rotation {
  let cosines: Tensor
  let sines: Tensor
  let turned: Int
  let isInterleaved: Bool
  /// The row of the tables for a sample's position.
  let row: (_ sample: Int, _ position: Int) -> Int

  /// Writes the vectors of `x` to the places of `y`, both with the type of the tables.
  func apply(_ call: OperatorCall, _ x: HeadVectors, to y: HeadVectors, samples: Int) throws(OperatorError) {
    guard sines.shape == cosines.shape else {
      throw OperatorError(
        "tables of one shape", found: "\(shapeText(cosines.shape)) and \(shapeText(sines.shape))")
    }
    try call.budget.spend(samples, x.heads, x.length, x.size)
    try x.tensor.type.visitFloats(Turn(rotation: self, x: x, y: y, samples: samples))
  }

  private struct Turn: FloatVisitor {
    let rotation: Rotation
    let x: HeadVectors
    let y: HeadVectors
    let samples: Int

    func visit<T: Element>(_: T.Type) throws(OperatorError) where T.Wide == Double {
      let (from, to) = (x.tensor.values(T.self), y.tensor.values(T.self))
      let (cosines, sines) = (rotation.cosines.values(T.self), rotation.sines.values(T.self))
      let half = rotation.turned / 2
      let (step, distance) = rotation.isInterleaved ? (2, 1) : (1, half)
      for sample in 0..<samples {
        for position in 0..<x.length {
          let table = rotation.row(sample, position) * half
          for head in 0..<x.heads {
            let source = x.start(sample, head) + position * x.strides.position
            let target = y.start(sample, head) + position * y.strides.position
            for pair in 0..<half {
              let (cosine, sine) = (cosines[table + pair].wide, sines[table + pair].wide)
              let (a, b) = (from[source + pair * step].wide, from[source + pair * step + distance].wide)
              to[target + pair * step] = T(narrowing: a * cosine - b * sine)
              to[target + pair * step + distance] = T(narrowing: b * cosine + a * sine)
            }
            for index in (2 * half)..<max(2 * half, x.size) { to[target + index] = from[source + index] }
          }
        }
      }
    }
  }
}
