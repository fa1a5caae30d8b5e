package import FlatFormats
package import TensorStreams
package import Tensors

/// Flat weights in memory, of any dtype.
package struct MemorySource: FlatWeightsSource {
  package let path = "memory"
  package let tensors: [SourceTensor]
  package let bytes: [[UInt8]]
  package var kind: FlatFormatKind { .pytorch }
  package var metadata: [(key: String, value: String)] { [] }
  package var verbatim: [UInt8]? { nil }

  package init(_ specs: [TensorSpec], bytes: [[UInt8]]) {
    tensors = specs.map { SourceTensor(spec: $0, tiedTo: nil) }
    self.bytes = bytes
  }

  package func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    MemoryReader(bytes[index])
  }
}
