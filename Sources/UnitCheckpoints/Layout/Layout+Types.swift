internal import HDF5Kit

extension Layout.Table {
  /// The HDF5 type of a row.
  var type: HDF5ElementType {
    switch self {
    case .names, .plan, .source: .u8
    case .cutAxes, .units, .scopeNetworks: .u32
    case .pages: .u64
    case .tensors: TensorRow.elementType
    case .dimensions: DimensionRow.elementType
    case .axes: AxisRow.elementType
    case .cuts: CutRow.elementType
    case .segments: SegmentRow.elementType
    case .tasks: TaskRow.elementType
    case .networks: NetworkRow.elementType
    case .axisUnits: AxisUnitsRow.elementType
    case .scopes: ScopeRow.elementType
    case .views: ViewRow.elementType
    case .owned: OwnedRow.elementType
    case .reordered: ReorderedRow.elementType
    case .sections: SectionRow.elementType
    }
  }
}
