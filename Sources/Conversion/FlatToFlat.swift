package import FlatFormats
internal import Tensors

/// Writes the tensors of one flat file as another.
package struct FlatToFlat {
  private let source: any FlatWeightsSource
  private let sink: any FlatWeightsSink
  private let mayLose: (LeftOut) -> Bool

  /// The sink must have been made from the source's specs, in their order.
  ///
  /// - Parameter mayLose: whether the user has said that something may be lost.
  package init(
    _ source: any FlatWeightsSource, to sink: any FlatWeightsSink,
    mayLose: @escaping (LeftOut) -> Bool = { _ in false }
  ) {
    self.source = source
    self.mayLose = mayLose
    self.sink = sink
  }

  /// Moves the bytes through one buffer of 4 MiB and puts the file in its place.
  ///
  /// - Parameter progress: called now and then with the bytes read so far.
  package func run(progress: (Int) -> Void) throws(ConversionError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var done = 0
    do throws(FlatFormatError) { try source.requireWhole(mayLose: mayLose) } catch { throw .flat(error) }
    try requireTies()
    do throws(FlatFormatError) {
      for index in sink.order {
        let reader = try source.reader(of: index)
        var left = source.tensors[index].spec.byteCount
        while left > 0 {
          let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
          try reader.read(into: piece)
          try sink.append(UnsafeRawBufferPointer(piece))
          left -= piece.count
          done += piece.count
          progress(done)
        }
      }
      try sink.finish()
    } catch { throw .flat(error) }
  }

  /// Where the sink writes a repeated name's tensor once, the source must have meant it: in formats that cannot alias
  /// a tie is a remark, and the bytes may differ.
  private func requireTies() throws(ConversionError) {
    let written = Set(sink.order)
    var places: [TensorName: Int] = [:]
    for (index, tensor) in source.tensors.enumerated() { places[tensor.spec.name] = index }
    for (index, tensor) in source.tensors.enumerated() where !written.contains(index) {
      guard let tiedTo = tensor.tiedTo, let target = places[tiedTo] else { continue }
      let (one, other): (SHA256Digest, SHA256Digest)
      do throws(FlatFormatError) {
        one = try source.digest(of: index) { _ in }
        other = try source.digest(of: target) { _ in }
      } catch { throw .flat(error) }
      if one != other { throw .tieDiffers(path: source.path, name: tensor.spec.name, tiedTo: tiedTo) }
    }
  }
}
