package io.github.esteira.gateway;

import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.Optional;
import java.util.UUID;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class ExperimentLogTest {

	/** Of "client-0" with that salt, in assignment.json. */
	private static final double BUCKET = 0.5783353039720633;

	@Test
	void theBucketIsLoggedWhileAnExperimentRuns(CapturedOutput output) {
		assertThat(bucket(output, "--gateway.experiment.salt=iris-2026-11").asDouble()).isEqualTo(BUCKET);
	}

	@Test
	void noBucketIsLoggedWithoutAnExperiment(CapturedOutput output) {
		assertThat(bucket(output).isMissingNode()).isTrue();
	}

	private static JsonNode bucket(CapturedOutput output, String... arguments) {
		String id = UUID.randomUUID().toString();
		try (StubInferenceService stub = new StubInferenceService();
				RunningGateway gateway = RunningGateway.start(stub.baseUrl(), arguments)) {
			send(gateway.prediction(VALID).header("X-Request-Id", id).header("X-Experiment-Key", "client-0"));
			return await()
				.until(() -> output.getOut().lines()
					.filter(line -> line.contains("\"logger\":\"access\"") && line.contains(id))
					.map(JsonMapper.shared()::readTree)
					.findFirst(), Optional::isPresent)
				.orElseThrow()
				.at("/experiment/bucket");
		}
	}

}
