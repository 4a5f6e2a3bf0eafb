package io.github.esteira.gateway.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.github.esteira.gateway.problem.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionShapeTest {

	private final PredictionShape shape = new PredictionShape(3);

	@ParameterizedTest
	@ValueSource(strings = {
			"{\"instances\":[[1]]}",
			" {\"instances\" : [ [ -5.1e-3 , 0 , 1E5 ] ] } ",
			"{\"instances\":[[1,2],[3,4],[5,6]]}",
			"{\"a\":{\"instances\":1},\"instances\":[[1]],\"b\":[[[]]]}",
			"{\"instances\":[[12345678901234567890123456789012345678901234567890]]}" })
	void accepted(String body) {
		assertThatCode(() -> check(body)).doesNotThrowAnyException();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			[[1]]                           | #
			"instances"                     | #
			null                            | #
			{}                              | #
			{"Instances":[[1]]}             | #
			{"instances":null}              | #/instances
			{"instances":{}}                | #/instances
			{"instances":[]}                | #/instances
			{"instances":[1,2]}             | #/instances/0
			{"instances":[[]]}              | #/instances/0
			{"instances":[[1],[]]}          | #/instances/1
			{"instances":[[1],[1,2]]}       | #/instances/1
			{"instances":[[1],[2],[3],[4]]} | #/instances/3
			{"instances":[["1"]]}           | #/instances/0/0
			{"instances":[[1,null]]}        | #/instances/0/1
			{"instances":[[1,true]]}        | #/instances/0/1
			{"instances":[[1],[[1]]]}       | #/instances/1/0
			{"instances":[[1e999]]}         | #/instances/0/0
			{"instances":[[-1e999]]}        | #/instances/0/0
			{"instances":[[1]]} 1           | #
			""")
	void wrongShape(String body, String pointer) {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> check(body)).satisfies(problem -> {
			assertThat(problem.getStatusCode().value()).isEqualTo(422);
			assertThat(problem.getBody().getProperties()).containsEntry("pointer", pointer);
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "{", "{\"instances\":[[1]", "{\"instances\":[[1]]", "{\"instances\":[[1,]]}",
			"{\"instances\":[[01]]}", "{\"instances\":[[NaN]]}", "{\"instances\":[[Infinity]]}", "{'instances':[[1]]}",
			"{\"instances\":[[1]]} }", "{\"instances\":[[1]],\"instances\":[[1]]}", "{\"a\":", "/* */ {}" })
	void malformed(String body) {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> check(body))
			.satisfies(problem -> assertThat(problem.getStatusCode().value()).isEqualTo(400));
	}

	@Test
	void deeplyNestedBodyIsRefusedAndExhaustsNothing() {
		String deep = "{\"a\":" + "[".repeat(100_000);

		assertThatExceptionOfType(Problem.class).isThrownBy(() -> check(deep));
	}

	@Test
	void asManyRowsAsAllowed() {
		String rows = IntStream.range(0, 1000).mapToObj(row -> "[1,2,3]").collect(Collectors.joining(","));
		PredictionShape large = new PredictionShape(1000);

		assertThatCode(() -> large.check(("{\"instances\":[" + rows + "]}").getBytes(StandardCharsets.UTF_8)))
			.doesNotThrowAnyException();
	}

	private void check(String body) {
		this.shape.check(body.getBytes(StandardCharsets.UTF_8));
	}

}
