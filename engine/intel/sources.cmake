# Part of the engine: indicators and enrichment.
set(intel_sources
  intel/indicator.cpp intel/indicator_set.cpp intel/list_loader.cpp intel/list_misp.cpp intel/list_reader.cpp
  intel/list_stix.cpp intel/list_text.cpp intel/stix_pattern.cpp intel/text_file.cpp)
set(intel_headers
  intel/indicator.hpp intel/indicator_set.hpp intel/list_loader.hpp intel/list_reader.hpp
  intel/network_ranges.hpp intel/text_file.hpp)
