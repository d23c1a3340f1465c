import Testing
import Planning
