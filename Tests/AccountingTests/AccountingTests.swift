import Testing
import Accounting
