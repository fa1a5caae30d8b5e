internal import Tensors

extension SmallFloat {
  func distance(_ a: UInt8, _ b: UInt8) -> ElementDistance {
    let (a, b) = (Int(a), Int(b))
    return ElementDistance(values[a], values[b], places: places[a], places[b])
  }
}
