package io.github.esteira.gateway.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The same vectors as the inference service's, tests/golden/assignment.json there. */
class ExperimentBucketTest {

	@ParameterizedTest
	@MethodSource("vectors")
	void isWhereTheInferenceServicePlacesTheKey(JsonNode vector) {
		double bucket = ExperimentBucket.of(vector.get("salt").asString(), vector.get("key").asString());

		assertThat(bucket).isEqualTo(vector.get("bucket").asDouble());
		vector.get("challenger")
			.properties()
			.forEach(share -> assertThat(bucket < Double.parseDouble(share.getKey()))
				.as("challenger at a share of %s", share.getKey())
				.isEqualTo(share.getValue().asBoolean()));
	}

	static Stream<JsonNode> vectors() throws IOException {
		try (InputStream file = Objects
			.requireNonNull(ExperimentBucketTest.class.getResourceAsStream("/assignment.json"))) {
			return JsonMapper.shared().readTree(file).get("vectors").valueStream();
		}
	}

}
