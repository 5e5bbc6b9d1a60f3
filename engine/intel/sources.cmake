# Part of the engine: indicators and enrichment.
set(intel_sources
  enrichment/asset_inventory.cpp enrichment/enricher.cpp enrichment/enrichment.cpp enrichment/field_roles.cpp
  enrichment/geo_database.cpp enrichment/value_memo.cpp
  intel/csv_rows.cpp intel/indicator.cpp intel/indicator_set.cpp intel/indicator_tables.cpp intel/known_indicators.cpp
  intel/list_loader.cpp intel/list_misp.cpp
  intel/list_reader.cpp intel/list_stix.cpp intel/list_text.cpp intel/look_back.cpp intel/look_back_slice.cpp intel/stix_pattern.cpp intel/text_file.cpp)
set(intel_headers
  enrichment/asset_inventory.hpp enrichment/enricher.hpp enrichment/enrichment.hpp enrichment/field_roles.hpp
  enrichment/geo_database.hpp enrichment/value_memo.hpp
  intel/csv_rows.hpp intel/indicator.hpp intel/indicator_set.hpp intel/indicator_tables.hpp intel/known_indicators.hpp
  intel/list_loader.hpp intel/list_reader.hpp intel/look_back.hpp intel/look_back_slice.hpp
  intel/network_ranges.hpp intel/text_file.hpp)
