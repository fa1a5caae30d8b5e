package import FlatFormats
package import Tensors

/// Flat weights in memory, of any dtype.
package struct MemorySource: FlatWeightsSource {
  package let path = "memory"
  package let tensors: [FlatTensor]
  package let bytes: [[UInt8]]
  package var kind: FlatFormatKind { .pytorch }
  package var metadata: [(key: String, value: String)] { [] }
  package var verbatim: [UInt8]? { nil }

  package init(_ specs: [TensorSpec], bytes: [[UInt8]]) {
    tensors = specs.map { FlatTensor(spec: $0, tiedTo: nil) }
    self.bytes = bytes
  }

  package func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader { Reader(bytes[index]) }

  private final class Reader: TensorByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
      buffer.copyBytes(from: rest.prefix(buffer.count))
      rest = rest.dropFirst(buffer.count)
    }
  }
}
