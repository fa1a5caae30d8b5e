internal import Synchronization

/// Elements of which small tensors are read once, though they are asked for twice: to check a graph, and to write it.
package final class KeptElements: TensorElements {
  /// Bytes that are kept in all; further tensors are read each time.
  private static let limit = 16 << 20

  private let elements: any TensorElements
  private let kept = Mutex<(tensors: [Int: [UInt8]], bytes: Int)>(([:], 0))

  package init(_ elements: any TensorElements) { self.elements = elements }

  package var byteCountsRead: (data: Int, rest: Int) { elements.byteCountsRead }

  package func forEachWindow(of tensor: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    if let known = kept.withLock({ $0.tensors[tensor] }) { return try known.withUnsafeBytes(body) }
    var bytes: [UInt8]? = []
    try elements.forEachWindow(of: tensor) { window in
      if (bytes?.count ?? 0) + window.count > 1 << 16 {
        bytes = nil
      } else {
        bytes?.append(contentsOf: window)
      }
      try body(window)
    }
    guard let bytes else { return }
    kept.withLock { kept in
      guard kept.bytes + bytes.count <= Self.limit else { return }
      kept.tensors[tensor] = bytes
      kept.bytes += bytes.count
    }
  }
}
