internal import ByteFiles
package import FlatFormats
internal import Tensors
package import UnitCheckpoints

/// Writes one (task, level) of a unit checkpoint as flat weights, reading its active blocks and nothing else.
package final class SubNetworkToFlat {
  private let checkpoint: UnitCheckpoint
  private let tensors: [SubNetworkTensor]
  private let sink: any FlatWeightsSink
  private let spool: TieSpool
  private let flat = UnsafeMutableRawBufferPointer.allocate(byteCount: windowLimit, alignment: 4096)
  private let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: windowLimit, alignment: 4096)

  private static let windowLimit = 4 << 20

  /// The sink must have been made from the sub-network's specs, in their order.
  ///
  /// - Parameter destination: the sink's path; the bytes of tied tensors wait beside it for their other names.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, to sink: any FlatWeightsSink, destination: String
  ) {
    self.checkpoint = checkpoint
    self.sink = sink
    tensors = subNetwork.tensors
    spool = TieSpool(roots: tensors.enumerated().map { $1.tiedTo ?? $0 }, beside: destination)
  }

  deinit {
    flat.deallocate()
    pieces.deallocate()
  }

  /// Moves the bytes and puts the file in its place.
  ///
  /// - Parameter progress: called now and then with the bytes written so far.
  package func run(progress: (Int) -> Void) throws(ConversionError) {
    var done = 0
    for number in sink.order {
      try copy(number) {
        done += $0
        progress(done)
      }
    }
    try asConversion { () throws(FlatFormatError) in try sink.finish() }
  }

  private func copy(_ number: Int, progress: (Int) -> Void) throws(ConversionError) {
    let tensor = tensors[number]
    if spool.holds(number) {
      return try spool.forEachWindow(of: number, in: flat) { (bytes) throws(ConversionError) in
        try asConversion { () throws(FlatFormatError) in try sink.append(bytes) }
        progress(bytes.count)
      }
    }
    spool.begin(number)
    let order = try ChannelOrder(tensor, path: checkpoint.path)
    let reader = try asConversion { () throws(CheckpointError) in
      try TensorBlocksReader(checkpoint, tensor.selection)
    }
    for window in reader.windows(limit: Self.windowLimit) {
      try asConversion { () throws(CheckpointError) in try reader.read(window, into: flat, pieces: pieces) }
      let bytes = UnsafeRawBufferPointer(rebasing: flat[..<window.byteCount])
      if let order { order.append(bytes) } else { try pass(bytes, of: number) }
      progress(bytes.count)
    }
    try asConversion { () throws(CheckpointError) in try reader.finish() }
    if let order { try pass(order.ascending(), of: number) }
  }

  private func pass(_ bytes: UnsafeRawBufferPointer, of number: Int) throws(ConversionError) {
    try spool.append(bytes, of: number)
    try asConversion { () throws(FlatFormatError) in try sink.append(bytes) }
  }
}
