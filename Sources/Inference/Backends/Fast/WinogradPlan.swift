/// Whether and how a convolution is done by Winograd's filtering: 3 × 3 kernels, stride 1, weights that stay.
struct WinogradPlan: Sendable {
  /// m: outputs of a tile's side.
  let tile: Int
  /// Rows of tiles of an image, and tiles of a row.
  let rows: Int
  let columns: Int

  /// nil where gathering is as fast. Only shapes decide, so that results do not depend on anything else.
  init?(_ job: ConvolutionJob) {
    let windows = job.windows
    // Below, the transforms cost more than the products that they save.
    guard job.convolution.weightsStay, windows.kernel == [3, 3], windows.strides == [1, 1],
      windows.dilations == [1, 1], job.channels >= 8, job.outputs >= 8,
      windows.padsBegin.allSatisfy({ $0 <= 1 << 20 }), Self.fits(job)
    else { return nil }
    let sizes = (Double(job.channels), Double(job.outputs))
    let images = Double(job.batch)
    /// In multiply-adds. A weight that is used once for each of a few tiles costs as much as eight of them, because it
    /// comes from memory; a number that is transformed costs as much as sixteen.
    func cost(_ m: Int) -> Double {
      let tiles = images * Double((windows.output[0] + m - 1) / m) * Double((windows.output[1] + m - 1) / m)
      let planes = Double((m + 2) * (m + 2))
      return planes * ((tiles + 8) * sizes.0 * sizes.1 + 16 * tiles * (sizes.0 + sizes.1))
    }
    let direct = 9 * (images * Double(job.outputSize) + 8) * sizes.0 * sizes.1
    let (small, large) = (cost(2), cost(4))
    guard min(small, large) < direct else { return nil }
    self.init(job, tile: small < large ? 2 : 4)
  }

  /// Tiles of m = 2 or 4, whatever that costs.
  init(_ job: ConvolutionJob, tile: Int) {
    self.tile = tile
    rows = (job.windows.output[0] + tile - 1) / tile
    columns = (job.windows.output[1] + tile - 1) / tile
  }

  /// Whether the planes of the tiles that are done at one time stay small: at most 128 MiB.
  private static func fits(_ job: ConvolutionJob) -> Bool {
    let tiles = Double(max(192, job.windows.output[1]))
    return 36 * Double(job.channels + job.outputs) * tiles <= Double(1 << 25)
  }
}
