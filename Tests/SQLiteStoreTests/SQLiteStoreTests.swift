import Testing
import SQLiteStore
