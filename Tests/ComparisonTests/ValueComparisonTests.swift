import Comparison
import Tensors
import Testing
